"""Checks the invariants of a day on disk. Reads only; every breach names the file and the invariant's number.

The numbers are those of the README. A take still in hand, or a recording whose manifest is not due yet, is no
breach.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from exam import fixity, manifest, names
from exam.audio import FrameSpan, Gap, Mark, frame_within, gaps_within
from exam.errors import ExamError, Rejected
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind
from station import journal as journals
from station.journal import Entry
from station.session import Day, Take, evolve
from station.tape import HEADER_BYTES, SUFFIX, TapeReader

_BLOCK_FRAMES = 1 << 18


class Breach(Struct, frozen=True):
    """An invariant that does not hold. `file`: a name in the folder."""

    invariant: int
    file: str
    text: str


class Report(Struct, frozen=True):
    """What was checked and what is wrong; `ok` when nothing is."""

    folder: str
    recordings: int
    breaches: tuple[Breach, ...]

    @property
    def ok(self) -> bool:
        return not self.breaches


def verify(folder: Path) -> Report:
    """Check a day's folder. Raises Rejected when it is no folder of a day."""
    paths = sorted(folder.glob(f"*{manifest.SUFFIX}")) if folder.is_dir() else []
    if not paths and not (folder / journals.FILE).exists():
        raise Rejected(
            f"В папке {folder} нет ни журнала, ни описаний записей: это не папка дня.",
            f"{folder} holds neither a journal nor manifests: not a day's folder.",
            code="not_a_day",
        )
    manifests, breaches = _load(paths)
    day, more = _day(folder)
    breaches += more
    for recording in manifests.values():
        breaches += _recording(folder, recording, day)
    breaches += _day_against_disk(folder, day, manifests)
    return Report(str(folder), len(manifests), tuple(breaches))


def _load(paths: Sequence[Path]) -> tuple[dict[str, Manifest], list[Breach]]:
    manifests: dict[str, Manifest] = {}
    breaches: list[Breach] = []
    for path in paths:
        try:
            recording = manifest.load(path)
            manifests[manifest.stem_of(path)] = recording
            if recording.stem != manifest.stem_of(path):
                text = say(
                    f"описывает другой файл: {recording.audio.file}", f"describes another file: {recording.audio.file}"
                )
                breaches.append(Breach(4, path.name, text))
        except (ExamError, OSError) as error:
            breaches.append(Breach(6, path.name, str(error)))
    return manifests, breaches


def _day(folder: Path) -> tuple[Day, list[Breach]]:
    """The day as the journal tells it, as far as the journal is whole (invariant 10)."""
    day = Day()
    breaches: list[Breach] = []
    try:
        if not (folder / journals.FILE).exists():
            breaches.append(Breach(10, journals.FILE, say("журнала нет", "there is no journal")))
        entries = list(journals.read(folder))
        for entry in entries:
            day = evolve(day, entry.event, entry.wall)
        breaches += _sequence(entries)
    except (ExamError, ValueError, IndexError, KeyError) as error:
        breaches.append(Breach(10, journals.FILE, str(error)))
    return day, breaches


def _sequence(entries: Sequence[Entry]) -> Iterator[Breach]:
    for before, after in pairwise((0, *(entry.seq for entry in entries))):
        if after != before + 1:
            text = say(
                f"после события {before} идёт {after}: строки пропали или переставлены",
                f"event {before} is followed by {after}: lines are lost or moved",
            )
            yield Breach(10, journals.FILE, text)


def _recording(folder: Path, recording: Manifest, day: Day) -> Iterator[Breach]:
    """One published recording: its name, its bytes, its place in the stream, its journal."""
    yield from _name(recording)
    yield from _bytes(folder, recording)
    master = folder / recording.audio.file
    try:
        with TapeReader(master) as tape:
            yield from _tape(tape, recording)
            yield from _spans(folder, tape, recording)
    except (OSError, Rejected) as error:
        yield Breach(2, master.name, str(error))
    yield from _meaning(recording, day)
    yield from _as_published(folder, recording, day)


def _name(recording: Manifest) -> Iterator[Breach]:
    """Invariant 4, names: each file's name says what the manifest says."""
    file = recording.audio.file
    try:
        name = names.parse(recording.stem)
    except Rejected as error:
        yield Breach(4, file, str(error))
        return
    stated = (recording.exam_date, recording.room, recording.school, recording.kind)
    labels = names.possible_labels(recording.participant) if recording.participant else ("",)
    if (name.exam_date, name.room, name.school, name.kind) != stated or name.label not in labels:
        yield Breach(4, file, say("имя файла не совпадает с описанием", "the name disagrees with the manifest"))
    elif recording.kind is Kind.PARTICIPANT and name.number != recording.take:
        yield Breach(4, file, say("номер дубля в имени не тот", "the take number in the name is another"))
    for delivery in recording.deliveries:
        if delivery.file != f"{recording.stem}.{delivery.format}":
            yield Breach(4, delivery.file, say("имя копии не то", "the delivery's name is another"))


def _bytes(folder: Path, recording: Manifest) -> Iterator[Breach]:
    """Invariant 6, fixity: sizes and SHA-256 of the master and its deliveries are those of the manifest."""
    measured: list[tuple[str, int, str]] = [(recording.audio.file, recording.size, recording.sha256)]
    measured += [(delivery.file, delivery.size, delivery.sha256) for delivery in recording.deliveries]
    for file, size, sha256 in measured:
        path = folder / file
        try:
            if path.stat().st_size != size:
                yield Breach(6, file, say("размер не тот, что в описании", "the size is not the manifest's"))
            elif fixity.sha256_of(path) != sha256:
                yield Breach(6, file, say("SHA-256 не тот, что в описании", "the SHA-256 is not the manifest's"))
        except OSError as error:
            yield Breach(6, file, say("не читается", "cannot be read") + f": {error.strerror}")


def _tape(tape: TapeReader, recording: Manifest) -> Iterator[Breach]:
    """Invariants 1 and 2: the header counts the frames there are; gaps lie within and hold silence."""
    stated = (recording.audio.sample_rate, recording.audio.channels, recording.audio.frames)
    if not tape.is_whole or (tape.shape.sample_rate, tape.shape.channels, tape.frames) != stated:
        yield Breach(2, tape.path.name, say("заголовок, размер и описание расходятся", "header and size disagree"))
    end = 0
    for gap in recording.gaps:
        if gap.first_frame < end or gap.frames < 1 or gap.end > tape.frames:
            yield Breach(1, tape.path.name, say("пропуски описаны неверно", "gaps overlap or reach past the end"))
            return
        end = gap.end
        if not _is_silent(tape, gap):
            yield Breach(1, tape.path.name, say("в пропуске есть звук", "there is sound within a gap"))


def _spans(folder: Path, tape: TapeReader, recording: Manifest) -> Iterator[Breach]:
    """Invariant 3: a participant's recording is its spans of the stream, sample for sample."""
    if recording.kind is not Kind.PARTICIPANT or recording.source != "microphone":
        return
    position = 0
    for span in recording.spans:
        try:
            with TapeReader(folder / span.stream) as stream:
                equal = _equal(stream, span, tape, position)
        except (OSError, Rejected) as error:
            yield Breach(3, span.stream, str(error))
            return
        if not equal:
            at = position / tape.shape.sample_rate
            text = say(
                f"не равна своему отрезку {span.stream} (с {at:.1f} с)", f"differs from {span.stream} at {at:.1f} s"
            )
            yield Breach(3, tape.path.name, text)
        position += span.frames
    if position != tape.frames:
        yield Breach(3, tape.path.name, say("длина не равна сумме отрезков", "its length is not the sum of its spans"))


def _equal(stream: TapeReader, span: FrameSpan, tape: TapeReader, position: int) -> bool:
    ours = tape.blocks(position, span.frames, _BLOCK_FRAMES)
    theirs = stream.blocks(span.first_frame, span.frames, _BLOCK_FRAMES)
    return span.end <= stream.frames and all(a == b for a, b in zip(ours, theirs, strict=True))


def _is_silent(tape: TapeReader, gap: Gap) -> bool:
    return not any(any(block) for block in tape.blocks(gap.first_frame, gap.frames, _BLOCK_FRAMES))


def _meaning(recording: Manifest, day: Day) -> Iterator[Breach]:
    """Invariant 10: what the manifest says of people, times and places is what the journal says."""
    stated: object
    known: object
    if recording.kind is Kind.PARTICIPANT:
        take = day.takes.get(recording.stem)
        stated = _stated_of_take(recording)
        known = take and _known_of_take(take, day)
    else:
        part = next((part for part in day.parts if part.file == recording.audio.file), None)
        stated = (recording.audio.frames, recording.gaps, recording.started_at, recording.ended_at)
        known = part and (part.frames, part.gaps, part.started_at, part.ended_at)
    if day != Day() and known != stated:
        yield Breach(10, recording.stem, say("описание расходится с журналом", "manifest and journal disagree"))


def _as_published(folder: Path, recording: Manifest, day: Day) -> Iterator[Breach]:
    """Invariant 6: master and manifest are those whose SHA-256 the journal noted when they were published."""
    path = folder / (recording.stem + manifest.SUFFIX)
    if recording.stem not in day.published or not path.exists():
        return
    if day.published[recording.stem] != (recording.sha256, fixity.sha256_of(path)):
        yield Breach(6, path.name, say("SHA-256 расходится с журналом", "the SHA-256 is not the journal's"))


def _stated_of_take(told: Manifest) -> tuple[object, ...]:
    number = told.participant.number if told.participant else None
    place = told.spans, told.gaps, told.marks, told.started_at, told.ended_at
    return number, told.take, told.variant, told.outcome, told.listened, told.flags, told.replaces, *place


def _known_of_take(take: Take, day: Day) -> tuple[object, ...]:
    spans = _real_spans(take)
    gaps = gaps_within({part.file: part.gaps for part in day.parts}, spans)
    marks = tuple(Mark(task, frame_within(take.spans, at.stream, at.frame)) for task, at in take.marks)
    place = spans, gaps, marks, take.started_at, take.ended_at or take.started_at
    return take.participant, take.number, take.variant, take.decision, take.listened, take.flags, take.replaces, *place


def _real_spans(take: Take) -> tuple[FrameSpan, ...]:
    return tuple(span for span in take.spans if span.frames)


def _day_against_disk(folder: Path, day: Day, manifests: Mapping[str, Manifest]) -> Iterator[Breach]:
    """Invariants 4 and 6: what the journal knows is there, and every master there is known."""
    for stem in day.published:
        if stem not in manifests:
            yield Breach(6, stem + manifest.SUFFIX, say("описание записи пропало", "the manifest is missing"))
    tapes = {take.tape for take in day.takes.values()}
    known = tapes | set(day.takes) | {part.file.removesuffix(SUFFIX) for part in day.parts} | set(manifests)
    for path in folder.glob(f"*{SUFFIX}"):
        # A kill between a file's creation and its journal line leaves a name without a sound: nothing is lost.
        is_empty = path.stat().st_size <= HEADER_BYTES
        if day != Day() and not is_empty and path.name.removesuffix(SUFFIX) not in known:
            yield Breach(4, path.name, say("такой записи журнал не знает", "the journal knows no such recording"))
