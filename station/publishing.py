"""From a closed tape to a published recording: judge, hash, encode, manifest last; and the room's record after those.

`draft` (pure) says what the manifest will tell; `Publisher` does the slow part on a thread of its own, judging and
encoding in low-priority child processes, so that a library's crash or a long stream never touches the recorder.
"""

import contextlib
import itertools
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from exam import durable, manifest, oswords
from exam.audio import FrameSpan, Mark, frame_within, gaps_within
from exam.errors import ExamError, Rejected
from exam.fixity import sha256_of
from exam.language import say
from exam.manifest import Audio, Chain, Delivery, Manifest, Person
from exam.names import Kind
from station import chain, links, recordkeeping, roomrecord
from station.audibility.case import Case
from station.audibility.findings import Verdict
from station.config import DeliveryFormat
from station.feed import copy_spans
from station.messages import RECORD, Published, PublishingFailed, RecordPublished
from station.session import Day, Rules, StreamPart, Take
from station.session.events import Event, RecordingPublished, RehearsalJudged, TakeAdded, TakeJudged
from station.tape import SUFFIX, Tape, TapeReader, seal

FRAGMENTS = "обрывки"
"""The folder, within a day's, where torn tapes are kept whose takes were cut anew from the stream."""

Report = Published | RecordPublished | PublishingFailed
"""How publishing ended."""

_STOP_POLL_S = 0.1

_log = logging.getLogger(__name__)


class Draft(Struct, frozen=True):
    """A recording whose bytes are still to be measured. `tape`: the stem of the file that holds its audio.

    `case`: what it is to be judged by, unless it has a verdict.
    """

    manifest: Manifest
    tape: str
    case: Case | None = None


def draft_of_take(day: Day, take: Take, rules: Rules, station: str) -> Draft:
    """What a take's manifest tells. Format and sizes are filled in from the file itself."""
    person = Person.of(rules.roster[take.participant])
    gaps = {part.file: part.gaps for part in day.parts}
    marks = tuple(Mark(task, frame_within(take.spans, place.stream, place.frame)) for task, place in take.marks)
    return Draft(
        Manifest(
            kind=Kind.PARTICIPANT,
            exam_date=rules.exam_date,
            room=rules.room,
            school=rules.school,
            station=station,
            participant=person,
            take=take.number,
            variant=take.variant,
            started_at=take.started_at,
            ended_at=take.ended_at or take.started_at,
            audio=unmeasured(take.stem),
            spans=tuple(span for span in take.spans if span.frames),
            gaps=gaps_within(gaps, take.spans),
            marks=marks,
            source=take.source,
            outcome=take.decision,
            listened=take.listened,
            opinion=take.opinion,
            flags=take.flags,
            verdict=None if take.verdict is None else msgspec.to_builtins(take.verdict),
            replaces=take.replaces,
            size=0,
            sha256="",
        ),
        take.tape,
    )


def draft_of_part(part: StreamPart, rules: Rules, station: str) -> Draft:
    """What a stream part's manifest tells."""
    stem = part.file.removesuffix(SUFFIX)
    return Draft(
        Manifest(
            kind=Kind.STREAM,
            exam_date=rules.exam_date,
            room=rules.room,
            school=rules.school,
            station=station,
            started_at=part.started_at,
            ended_at=part.ended_at or part.started_at,
            audio=unmeasured(stem),
            gaps=part.gaps,
            chain=Chain(links.BLOCK_S, 0, part.head) if part.head else None,
            drift_ppm=part.drift_ppm,
            size=0,
            sha256="",
        ),
        stem,
    )


class Publisher:
    """Publishes drafts one after another. `report` is told how each ended."""

    def __init__(
        self,
        folder: Path,
        delivery: DeliveryFormat,
        report: Callable[[Report], None],
        *,
        is_mixed: bool = False,
    ) -> None:
        """`is_mixed`: in the encoded copy all channels go into one."""
        self._folder, self._delivery, self._report = folder, delivery, report
        self._words = (delivery, "mixed") if is_mixed else (delivery,)
        self._moved_to = folder
        self._queue: queue.SimpleQueue[Draft | roomrecord.Draft | None] = queue.SimpleQueue()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def move(self, folder: Path) -> None:
        """From now on the day is in another folder; what was begun in the former one is submitted again."""
        self._moved_to = folder

    def submit(self, draft: Draft | roomrecord.Draft) -> None:
        self._queue.put(draft)

    def stop(self) -> None:
        """Leave off; what is unpublished is published after the next start."""
        self._stopping = True
        self._queue.put(None)
        while self._thread.is_alive():
            if self._child is not None:
                self._child.terminate()  # it takes its unfinished file away; one just being started is met next time
            self._thread.join(_STOP_POLL_S)

    def _work(self) -> None:
        while (draft := self._queue.get()) is not None and not self._stopping:
            self._folder = self._moved_to
            stem = RECORD if isinstance(draft, roomrecord.Draft) else draft.manifest.stem
            try:
                self._report(self._done(draft))
            except Exception as error:  # noqa: BLE001 - an edge: one recording's trouble must not keep back the others
                if not self._stopping:
                    _log.warning("%s", stem, exc_info=not isinstance(error, ExamError | OSError))
                    name = say("сведения аудитории", "the room's record") if stem == RECORD else stem
                    self._report(PublishingFailed(stem, f"{name}: {error}"))

    def _done(self, draft: Draft | roomrecord.Draft) -> Report:
        if isinstance(draft, roomrecord.Draft):
            return RecordPublished(recordkeeping.publish(self._folder, draft))
        return self._publish(draft)

    def _publish(self, draft: Draft) -> Published:
        """Publish one recording. A manifest left by an earlier try is taken as it is."""
        stem = draft.manifest.stem
        finished = self._folder / (stem + manifest.SUFFIX)
        if finished.exists():
            told = manifest.load(finished)
            return Published(stem, told.sha256, sha256_of(finished), verdict_in(told))
        master = self._folder / (stem + SUFFIX)
        if not master.exists() or _is_torn(master, draft):
            _give_master(self._folder, draft, master)
        if draft.manifest.kind is Kind.STREAM:
            _complete_chain(master)
        seal(master)  # after a crash its last second may be in the kernel's memory only
        judged = draft.manifest if draft.case is None else replace(draft.manifest, seats=draft.case.seats)
        if draft.case is not None and judged.verdict is None:
            judged = replace(judged, verdict=self._judge(master, draft.case))
        measured = _measured(judged, master)
        deliveries = () if self._delivery == "wav" else self._deliver(master, stem, self._delivery)
        manifest.publish(replace(measured, deliveries=deliveries), self._folder)
        return Published(stem, measured.sha256, sha256_of(finished), verdict_in(measured))

    def _judge(self, master: Path, case: Case) -> dict[str, Any] | None:
        """The verdict; a recording that cannot be judged is published without one."""
        code, out, error = self._run(["station.judging", str(master)], msgspec.json.encode(case))
        if code == 0:
            return msgspec.json.decode(out, type=dict[str, Any])
        if self._stopping:
            raise Rejected("станция останавливается", "the station is stopping", code="stopping")
        _log.warning("%s: %s: %s", master.name, say("без заключения", "not judged"), error)
        return None

    def _deliver(self, master: Path, stem: str, delivery: DeliveryFormat) -> tuple[Delivery, ...]:
        """The encoded copy. One left by an earlier try is taken if it is the same to the byte, else left alone:
        then the recording goes without a copy, and the master itself is what is delivered."""
        target = self._folder / f"{stem}.{delivery}"
        if not target.exists():
            return (self._encode(master, target, delivery),)
        again = durable.temporary_in(self._folder)
        try:
            copy = self._encode(master, again, delivery)
        finally:
            again.unlink(missing_ok=True)
        return (replace(copy, file=target.name),) if sha256_of(target) == copy.sha256 else ()

    def _encode(self, master: Path, target: Path, delivery: DeliveryFormat) -> Delivery:
        code, out, error = self._run(["station.encoding", str(master), str(target), *self._words])
        if code != 0:
            raise Rejected(f"кодирование в {delivery} не удалось: {error}", f"encoding {delivery} failed: {error}")
        return msgspec.json.decode(out, type=Delivery)

    def _run(self, module: Sequence[str], told: bytes = b"") -> tuple[int, bytes, str]:
        """Run a module of ours in a child process, `told` on its input: its exit code, output and last error line."""
        command = [sys.executable, "-m", *module]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as self._child:
            out, err = self._child.communicate(told)
        return self._child.returncode, out, err.decode(errors="replace").strip().rsplit("\n", 1)[-1]


def unmeasured(stem: str) -> Audio:
    """What a draft says of a master before its file was looked at."""
    return Audio(stem + SUFFIX, "wav", 0, 0, 0)


def published_events(day: Day, report: Published | RecordPublished) -> Sequence[Event]:
    """What the journal notes of a published recording: the verdict, unless it knows that, and that it is published.

    A record is made of the journal, and is no news to it.
    """
    if isinstance(report, RecordPublished):
        return ()
    event = RecordingPublished(stem=report.stem, sha256=report.sha256, manifest_sha256=report.manifest_sha256)
    rehearsal, take = day.rehearsal_of(report.stem), day.takes.get(report.stem)
    if report.verdict is not None and rehearsal is not None and rehearsal.verdict is None:
        return [RehearsalJudged(stem=report.stem, verdict=report.verdict), event]
    if report.verdict is not None and take is not None and take.verdict is None:
        return [TakeJudged(stem=report.stem, verdict=report.verdict), event]
    return [event]


def adopt(folder: Path, event: TakeAdded) -> None:
    """Give an imported master its name. Raises Rejected when it is no master, or not there."""
    temporary = folder / event.temporary
    try:
        with TapeReader(temporary):
            pass
        durable.move_without_replacing(temporary, folder / (event.stem + SUFFIX))
    except OSError as error:
        raise Rejected(
            f"Файл {event.origin} не принят: {oswords.ru(error)}. Записанное не тронуто; повторите команду import.",
            f"{event.origin} is not taken: {error.strerror}. What was recorded is untouched; try the import again.",
            code="not_imported",
        ) from error


def set_aside(file: Path) -> Path:
    """Keep a torn tape, sealed, or a file that is another's copy in the folder for fragments beside it, so that its
    name is free; where it is now."""
    aside = file.parent if file.parent.name == FRAGMENTS else file.parent / FRAGMENTS
    durable.make_folder(aside)
    for number in itertools.count(1):
        kept = aside / (file.name if number == 1 else f"{file.name.removesuffix(file.suffix)}.{number}{file.suffix}")
        with contextlib.suppress(FileExistsError):
            durable.move_without_replacing(file, kept)
            break
    durable.sync(file.parent)
    with contextlib.suppress(Rejected):
        seal(kept)
    return kept


def _is_torn(master: Path, draft: Draft) -> bool:
    """Whether the tape a take was recorded to is not what its spans promise: a crash or a full disk came between."""
    spans = draft.manifest.spans
    if not spans or not master.exists():
        return False
    try:
        with TapeReader(master) as tape:
            return not tape.is_whole or tape.frames != sum(span.frames for span in spans)
    except Rejected:
        return True


def verdict_in(told: Manifest) -> Verdict | None:
    """As the manifest tells it; None also where another version of this program wrote something else."""
    try:
        return msgspec.convert(told.verdict, type=Verdict | None)
    except msgspec.ValidationError:
        return None


def _complete_chain(stream: Path) -> None:
    """Waits for room on the disk; any other trouble with the evidence must not keep the sound from being delivered."""
    try:
        chain.complete(stream)
    except OSError as error:
        if error.errno in durable.NO_SPACE:
            raise
    except Rejected:
        pass


def _measured(draft: Manifest, master: Path) -> Manifest:
    """The manifest with what the master's bytes say; Rejected when they are not what the spans promise."""
    with TapeReader(master) as reader:
        shape, frames = reader.shape, reader.frames
    expected = sum(span.frames for span in draft.spans)
    if draft.kind is Kind.PARTICIPANT and draft.source == "microphone" and frames != expected:
        raise Rejected(
            f"в файле {frames} отсчётов, а по журналу {expected}",
            f"the file has {frames} frames, the journal {expected}",
            code="not_whole",
        )
    audio = Audio(master.name, "wav", shape.sample_rate, shape.channels, frames)
    chain = replace(draft.chain, blocks=links.count(frames, shape)) if draft.chain else None
    return replace(draft, audio=audio, chain=chain, size=master.stat().st_size, sha256=sha256_of(master))


def _give_master(folder: Path, draft: Draft, master: Path) -> None:
    """A recording without a whole file of its name yet: its tape under another name, else cut from the stream."""
    temporary = durable.temporary_in(folder)
    tape = folder / (draft.tape + SUFFIX)
    try:
        if tape.exists() and not _is_torn(tape, draft):
            _copy(tape, temporary)
        else:
            _cut(folder, draft.manifest.spans, temporary)
            if tape.exists():
                set_aside(tape)
        if master.exists():
            set_aside(master)
        durable.move_without_replacing(temporary, master)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """The same file by a second name, or a copy where the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _cut(folder: Path, spans: Sequence[FrameSpan], target: Path) -> None:
    """The spans' concatenation, from the stream files."""
    if not spans:
        raise Rejected("в записи нет звука", "the recording holds no sound", code="empty")
    with TapeReader(folder / spans[0].stream) as stream:
        tape = Tape(target, stream.shape)
    try:
        copy_spans(folder, spans, tape)
    finally:
        tape.close()
