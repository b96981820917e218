"""What lies in the folder beside the published recordings: takes without a manifest, strangers, unfinished files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from exam import manifest
from exam.audio import FrameSpan
from exam.durable import TEMPORARY_PREFIX
from exam.errors import Rejected
from exam.language import say
from exam.manifest import Manifest
from station.journal import Entry
from station.publishing import FRAGMENTS
from station.session import Day, Take
from station.session.events import StreamEnded
from station.tape import HEADER_BYTES, SUFFIX, TapeReader
from station.verify.report import Breach, Note
from station.verify.samples import against_spans


def check(folder: Path, day: Day, entries: Sequence[Entry], manifests: Mapping[str, Manifest]) -> Iterator[Breach]:
    """Invariants 4 and 6: what the journal knows is there, and every master there is known."""
    for stem in day.published:
        if stem not in manifests:
            yield Breach(6, stem + manifest.SUFFIX, say("описание записи пропало", "the manifest is missing"))
    for part in day.parts:
        if part.frames and part.file.removesuffix(SUFFIX) not in manifests and not (folder / part.file).exists():
            yield Breach(4, part.file, say("часть общей записи пропала", "this part of the stream is missing"))
    tapes = {take.tape for take in day.takes.values()}
    known = tapes | set(day.takes) | {part.file.removesuffix(SUFFIX) for part in day.parts} | set(manifests)
    known |= {rehearsal.stem for rehearsal in day.rehearsals}
    for path in folder.glob(f"*{SUFFIX}"):
        # A kill between a file's creation and its journal line leaves a name without a sound: nothing is lost.
        is_empty = path.stat().st_size <= HEADER_BYTES
        if day != Day() and not is_empty and path.name.removesuffix(SUFFIX) not in known:
            yield Breach(4, path.name, say("такой записи журнал не знает", "the journal knows no such recording"))
    yield from _put_by(folder, day, entries, manifests)


def notes(folder: Path) -> Iterator[Note]:
    """Files a crash left half-written: no recording speaks of them."""
    for path in sorted(folder.glob(f"{TEMPORARY_PREFIX}*")):
        text = say("недописанный временный файл, к записям не относится", "an unfinished temporary file, no recording")
        yield Note(path.name, text)


def _put_by(folder: Path, day: Day, entries: Sequence[Entry], manifests: Mapping[str, Manifest]) -> Iterator[Breach]:
    """Tapes that stay on disk without a manifest of their own: of cancelled takes, and under names given up.

    A torn one that could not be made anew lies among the fragments.
    """
    owners = {take.tape: take for take in day.takes.values()}
    # A school may keep the stream alone: then no take has a tape.
    are_kept = bool(set(day.takes) & set(manifests)) or any((folder / (tape + SUFFIX)).exists() for tape in owners)
    growing = {part.file for part in day.parts if part.frames is None} | _crashed(entries)
    for tape, take in owners.items():
        is_put_by = take.cancelled or take.superseded or take.stem != tape
        if not is_put_by or tape in manifests or take.stem == day.current or not are_kept:
            continue
        path = folder / (tape + SUFFIX)
        if not path.exists() and not (folder / FRAGMENTS / path.name).exists():
            text = say("файл дубля пропал; его звук есть в общей записи", "the take's file is gone; the stream has it")
            yield Breach(4, path.name, text)
        elif path.exists():
            yield from _against_stream(folder, path, take, is_torn=bool({s.stream for s in take.spans} & growing))


def _against_stream(folder: Path, path: Path, take: Take, *, is_torn: bool) -> Iterator[Breach]:
    """A tape left by a crash, or still waiting for its last moment, may end before its spans do, or after them, where
    the power took more of the stream."""
    try:
        with TapeReader(path) as tape:
            spans = _shortened(take, tape.frames) if is_torn else take.spans
            yield from against_spans(folder, tape, spans, may_be_longer=is_torn)
    except (OSError, Rejected) as error:
        yield Breach(2, path.name, str(error))


def _shortened(take: Take, frames: int) -> tuple[FrameSpan, ...]:
    spans: list[FrameSpan] = []
    for span in take.spans:
        spans.append(replace(span, frames=min(span.frames, frames)))
        frames -= spans[-1].frames
    return tuple(spans)


_TEARING = {"crash", "disk_full", "disk_failed", "file_limit"}


def _crashed(entries: Sequence[Entry]) -> set[str]:
    ended = [entry.event for entry in entries if isinstance(entry.event, StreamEnded)]
    return {event.stream for event in ended if event.stream and event.ending in _TEARING}
