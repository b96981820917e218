"""A day whose journal is lost or broken, told anew from what is left: manifests, names, the sound itself.

The sound decides where a take lies in the stream; manifests and the journal's readable lines what it means. What
nothing tells is flagged. Used at start-up and by `station recover`; nothing is deleted or overwritten.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from exam import manifest, names, roomday
from exam.audio import AudioFormat, FrameSpan, Gap
from exam.clock import Clock
from exam.errors import ExamError, Rejected
from exam.fixity import sha256_of
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind, RecordingName
from exam.roomday import RoomDay
from station import journal as journals
from station import recordkeeping, recovery, roomrecord, script
from station.journal import Entry, Journal
from station.publishing import set_aside, verdict_in
from station.salvage import Finding, free_name, rescue, shape_for, survey
from station.search import Found, StreamIndex
from station.session import Day, Rules, evolve
from station.session import events as happened
from station.session.events import Event
from station.tape import HEADER_BYTES, SUFFIX, TapeReader, seal

_log = logging.getLogger(__name__)


class _Left(Struct, frozen=True):
    """What is left of the day in `folder`: manifests by stem, the journal's readable entries, the last record."""

    folder: Path
    clock: Clock
    manifests: Mapping[str, Manifest]
    entries: Sequence[Entry]
    record: RoomDay | None

    def started(self, stem: str) -> Entry | None:
        """When and for whom the take of this name was begun."""
        found = [entry for entry in self.entries if getattr(entry.event, "stem", None) == stem]
        return next((entry for entry in found if isinstance(entry.event, happened.TakeStarted)), None)

    def decision(self, stem: str) -> happened.TakeDecided | None:
        decided = [entry.event for entry in self.entries if isinstance(entry.event, happened.TakeDecided)]
        return next((event for event in decided if event.stem == stem), None)

    def gaps(self, file: str) -> Sequence[Gap]:
        told = self.manifests.get(file.removesuffix(SUFFIX))
        if told is not None:
            return told.gaps
        found = [entry.event for entry in self.entries if isinstance(entry.event, happened.GapFound)]
        return [
            Gap(event.frame, event.frames, event.reason) for event in found if event.stream == file and event.frames
        ]

    @property
    def is_open(self) -> bool:
        """Whether the day was being recorded when the journal ended."""
        turns = [entry.event for entry in self.entries if isinstance(entry.event, _TURNS)]
        return bool(turns) and isinstance(turns[-1], happened.DayOpened)

    @property
    def opened_at(self) -> datetime | None:
        """When it was opened first, as the journal noted it, else as the headquarters were told."""
        turns = [entry.event.at or entry.wall for entry in self.entries if isinstance(entry.event, happened.DayOpened)]
        told = self.record.opened_at if self.record is not None else None
        return turns[0] if turns else told

    @property
    def closed_at(self) -> datetime | None:
        turns = [entry.event.at or entry.wall for entry in self.entries if isinstance(entry.event, happened.DayClosed)]
        told = self.record.closed_at if self.record is not None else None
        return turns[-1] if turns else told


_TURNS = (happened.DayOpened, happened.DayClosed)


def replay_or_rebuild(folder: Path, rules: Rules, shape: AudioFormat, clock: Clock) -> Day:
    """The day as its journal tells it; where there is none, or it is broken, as the files tell."""
    has_sound = any(path.stat().st_size > HEADER_BYTES for path in folder.glob(f"*{SUFFIX}"))
    if has_sound and not (folder / journals.FILE).exists():
        return rebuild(folder, rules, shape, clock)
    try:
        return recovery.replay(folder)
    except Rejected as error:
        _log.warning("%s", error)
        return rebuild(folder, rules, shape, clock)


def rebuild(folder: Path, rules: Rules, shape: AudioFormat, clock: Clock) -> Day:
    """Write the day's journal anew; the broken one is kept aside. Raises Rejected where there is no recording."""
    record = recordkeeping.last_of(folder, roomrecord.computer_of(rules.numbers_after + 1))
    left = _Left(folder, clock, _manifests(folder), journals.salvage(folder)[0], record)
    masters = _masters(folder, shape)
    parts = sorted((each for each in masters if each.kind is Kind.STREAM), key=lambda name: name.number)
    takes = [each for each in masters if each.kind is Kind.PARTICIPANT]
    if not masters:
        raise Rejected(
            f"В папке {folder} нет ни одной записи: восстанавливать нечего.",
            f"{folder} holds no recording: there is nothing to rebuild.",
            code="not_a_day",
        )
    rehearsals = sorted((each for each in masters if each.kind is Kind.REHEARSAL), key=lambda name: name.number)
    told = [event for name in rehearsals for event in _rehearsal(name.stem, left)]
    events = [*told, *_stream(parts, left), *_takes(parts, takes, left, rules), *_kept(left), *_closing(parts, left)]
    if (folder / journals.FILE).exists():
        set_aside(folder / journals.FILE)
    journal = Journal(folder, clock)
    day = Day()
    try:
        for entry in journal.append(events):
            day = evolve(day, entry.event, entry.wall)
    finally:
        journal.close()
    return day


def _manifests(folder: Path) -> dict[str, Manifest]:
    told: dict[str, Manifest] = {}
    for path in folder.glob(f"*{manifest.SUFFIX}"):
        if roomday.is_room_day(path.name):
            continue
        try:
            told[manifest.stem_of(path)] = manifest.load(path)
        except (ExamError, OSError) as error:
            _log.warning("%s: %s", path.name, error)
    return told


def _masters(folder: Path, shape: AudioFormat) -> list[RecordingName]:
    """Names of the folder's masters, sealed; sound without a header is rescued under the next free name."""
    found: list[RecordingName] = []
    findings = survey(folder)
    for finding in findings:
        if not finding.is_master or finding.name is None:
            continue
        if finding.is_rescuable:
            found += _rescued(folder, finding, findings, shape)
        elif finding.frames:
            seal(folder / finding.file)
            found.append(finding.name)
    return found


def _rescued(
    folder: Path, finding: Finding, findings: Sequence[Finding], shape: AudioFormat
) -> Iterator[RecordingName]:
    if finding.name is None:
        return
    name = free_name(finding.name, [folder])
    try:
        rescue(folder / finding.file, folder / (name.stem + SUFFIX), shape_for(finding.name, findings, shape))
    except ExamError as error:
        _log.warning("%s: %s", finding.file, error)
        return
    yield name


def _stream(parts: Sequence[RecordingName], left: _Left) -> Iterator[Event]:
    began = [_times_of_part(name, left)[0] for name in parts]
    yield happened.DayOpened(at=left.opened_at or min(began, default=None))
    for name in parts:
        file = name.stem + SUFFIX
        with TapeReader(left.folder / file) as tape:
            frames = tape.frames
        first, ended = _times_of_part(name, left)
        yield happened.StreamStarted(stream=file, at=first)
        for gap in left.gaps(file):
            yield happened.GapFound(stream=file, frame=gap.first_frame, frames=gap.frames, reason=gap.reason)
        head = _head_of(left, name.stem)
        yield happened.StreamEnded(stream=file, frame=frames, ending="crash", at=ended, head=head)
        yield from _published(name.stem, left)


def _kept(left: _Left) -> Iterator[Event]:
    """The clock's corrections; outcomes as the headquarters were told them, then as the journal noted them since."""
    told = left.record.outcomes if left.record is not None else ()
    since = left.record.until if left.record is not None else None
    for entry in left.entries:
        if isinstance(entry.event, happened.ClockCorrected):
            yield entry.event
    for one in told:
        yield happened.OutcomeSet(
            participant=one.participant, outcome=one.outcome, at=one.at, note=one.note, noted_at=one.noted_at
        )
    for entry in left.entries:
        if isinstance(entry.event, happened.OutcomeSet) and (since is None or entry.wall > since):
            yield replace(entry.event, noted_at=entry.event.noted_at or entry.wall)


def _closing(parts: Sequence[RecordingName], left: _Left) -> Iterator[Event]:
    if not left.is_open:
        ended = [_times_of_part(name, left)[1] for name in parts]
        yield happened.DayClosed(at=left.closed_at or max(ended, default=None))


def _times_of_part(name: RecordingName, left: _Left) -> tuple[datetime, datetime]:
    path = left.folder / (name.stem + SUFFIX)
    with TapeReader(path) as tape:
        return _times(path, tape.shape.seconds(tape.frames), left)


def _head_of(left: _Left, stem: str) -> str | None:
    """The head of a part's hash chain: as its manifest states it, else the chain's, completed."""
    told = left.manifests.get(stem)
    if told is None:
        return recovery.head_of(left.folder / (stem + SUFFIX))
    return told.chain.head if told.chain else None


def _times(path: Path, seconds: float, left: _Left) -> tuple[datetime, datetime]:
    """When a recording began and ended: as its manifest or the journal says, else as its file was last written."""
    told = left.manifests.get(path.name.removesuffix(SUFFIX))
    if told is not None:
        return told.started_at, told.ended_at
    for entry in left.entries:
        begins = isinstance(entry.event, happened.StreamStarted) and entry.event.stream == path.name
        if begins or (isinstance(entry.event, happened.TakeStarted) and entry.event.stem + SUFFIX == path.name):
            return entry.wall, entry.wall + timedelta(seconds=seconds)
    zone = left.clock.now().tzinfo
    ended = datetime.fromtimestamp(path.stat().st_mtime, zone)
    return ended - timedelta(seconds=seconds), ended


def _takes(
    parts: Sequence[RecordingName], takes: Sequence[RecordingName], left: _Left, rules: Rules
) -> Iterator[Event]:
    with StreamIndex([left.folder / (name.stem + SUFFIX) for name in parts]) as index:
        found = {name: index.find(left.folder / (name.stem + SUFFIX)) for name in takes}
    for name in sorted(takes, key=lambda name: _place(found[name], left, name)):
        number = _participant(name, left, rules)
        if number is None:
            text = say("такого участника нет в списке; файл цел", "no such participant in the roster; the file is safe")
            _log.warning("%s: %s", name.stem, text)
            continue
        yield _added(name, number, found[name], left)
        yield from _published(name.stem, left)


def _place(found: Found, left: _Left, name: RecordingName) -> tuple[str, int]:
    """Takes come in the order in which they were recorded."""
    told = left.manifests.get(name.stem)
    spans: Sequence[FrameSpan] = found.spans or (told.spans if told else ())
    return (spans[0].stream, spans[0].first_frame) if spans else ("\uffff", 0)


def _participant(name: RecordingName, left: _Left, rules: Rules) -> int | None:
    told, started = left.manifests.get(name.stem), left.started(name.stem)
    if told is not None and told.participant is not None:
        return told.participant.number
    if started is not None and isinstance(started.event, happened.TakeStarted):
        return started.event.participant
    exact = [number for number, label in rules.labels.items() if label == name.label]
    possible = [person.number for person in rules.roster.values() if name.label in names.possible_labels(person)]
    candidates = exact or possible
    return candidates[0] if len(candidates) == 1 else None


def _added(name: RecordingName, number: int, found: Found, left: _Left) -> happened.TakeAdded:
    path = left.folder / (name.stem + SUFFIX)
    told, decided = left.manifests.get(name.stem), left.decision(name.stem)
    with TapeReader(path) as tape:
        began, ended = _times(path, tape.shape.seconds(tape.frames), left)
    common: dict[str, Any] = {"stem": name.stem, "participant": number, "take": name.number}
    common |= {"started_at": began, "ended_at": ended}
    if told is not None:
        return happened.TakeAdded(
            variant=told.variant,
            decision=told.outcome or "unreviewed",
            spans=told.spans,
            marks=told.marks,
            listened=told.listened,
            opinion=told.opinion,
            flags=told.flags,
            source=told.source,
            replaces=told.replaces,
            **common,
        )
    is_whole = found.spans and not found.missing_frames
    started = left.started(name.stem)
    return happened.TakeAdded(
        variant=getattr(started.event, "variant", None) if started else None,
        decision=decided.decision if decided else "unreviewed",
        listened=decided.listened if decided else None,
        spans=found.spans if is_whole else (),
        flags=("restored",) if is_whole else ("restored", "no_stream"),
        source="microphone" if is_whole else "other_pc",
        **common,
    )


def _rehearsal(stem: str, left: _Left) -> Iterator[Event]:
    """A test recording; without its manifest it is one that was interrupted."""
    path, told = left.folder / (stem + SUFFIX), left.manifests.get(stem)
    with TapeReader(path) as tape:
        frames, shape = tape.frames, tape.shape
    began, ended = _times(path, shape.seconds(frames), left)
    noted = [entry.event for entry in left.entries if getattr(entry.event, "stem", None) == stem]
    quick = any(event.quick for event in noted if isinstance(event, happened.RehearsalBegan))
    yield happened.RehearsalBegan(stem=stem, quick=quick, at=began)
    steps = told.steps if told is not None else script.steps(script.parts_of(quick=quick), frames, shape)
    gaps = told.gaps if told is not None else ()
    ending = _ending_of(told) if told is not None else "crash"
    yield happened.RehearsalEnded(stem=stem, ending=ending, frames=frames, steps=steps, gaps=gaps, at=ended)
    verdict = verdict_in(told) if told is not None else None
    if verdict is not None:
        yield happened.RehearsalJudged(stem=stem, verdict=verdict)
    yield from (event for event in noted if isinstance(event, happened.RehearsalAccepted))
    yield from _published(stem, left)


def _ending_of(told: Manifest) -> happened.RehearsalEnding:
    """As its flag says it."""
    endings = [flag.removeprefix("ended_by_") for flag in told.flags]
    return next((known for known in get_args(happened.RehearsalEnding) if known in endings), "done")


def _published(stem: str, left: _Left) -> Iterator[Event]:
    told = left.manifests.get(stem)
    if told is not None:
        hashed = sha256_of(left.folder / (stem + manifest.SUFFIX))
        yield happened.RecordingPublished(stem=stem, sha256=told.sha256, manifest_sha256=hashed)
