"""One published recording: its name, its bytes, its place in the stream, and what manifest and journal say of it."""

from collections.abc import Iterator
from pathlib import Path

from exam import fixity, manifest, names, oswords
from exam.audio import FrameSpan, Mark, frame_within, gaps_within
from exam.errors import Rejected
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind
from station.due import flags_of
from station.session import Day, Take
from station.session.day import Rehearsal
from station.tape import TapeReader
from station.verify.report import Breach
from station.verify.samples import against_spans, is_silent


def check(folder: Path, recording: Manifest, day: Day) -> Iterator[Breach]:
    """One published recording: its name, its bytes, its place in the stream, its journal."""
    yield from _name(recording)
    yield from _bytes(folder, recording)
    master = folder / recording.audio.file
    try:
        with TapeReader(master) as tape:
            yield from _tape(tape, recording)
            if recording.kind is Kind.PARTICIPANT and recording.source == "microphone":
                yield from against_spans(folder, tape, recording.spans)
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
            yield Breach(6, file, say("не читается", "cannot be read") + f": {oswords.shown(error)}")


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
        if not is_silent(tape, gap):
            yield Breach(1, tape.path.name, say("в пропуске есть звук", "there is sound within a gap"))
    if any(step.first_frame < 0 or step.first_frame + step.frames > tape.frames for step in recording.steps):
        yield Breach(1, tape.path.name, say("шаги пробы описаны неверно", "steps reach past the end"))


def _meaning(recording: Manifest, day: Day) -> Iterator[Breach]:
    """Invariant 10: what the manifest says of people, times and places is what the journal says."""
    stated: object
    known: object
    if recording.kind is Kind.PARTICIPANT:
        take = day.takes.get(recording.stem)
        stated = _stated_of_take(recording)
        known = take and _known_of_take(take, day)
    elif recording.kind is Kind.REHEARSAL:
        rehearsal = day.rehearsal_of(recording.stem)
        is_noted = recording.stem in day.published  # the journal learns of the verdict when it does of the manifest
        stated = *_stated_of_rehearsal(recording), is_noted and recording.verdict and recording.verdict.get("grade")
        known = rehearsal and (*_known_of_rehearsal(rehearsal), is_noted and rehearsal.grade)
    else:
        part = next((part for part in day.parts if part.file == recording.audio.file), None)
        head = recording.chain.head if recording.chain else None
        stated = (recording.audio.frames, recording.gaps, recording.started_at, recording.ended_at, head)
        known = part and (part.frames, part.gaps, part.started_at, part.ended_at, part.head)
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
    heard = told.listened, told.opinion
    return number, told.take, told.variant, told.outcome, *heard, told.flags, told.replaces, *place


def _known_of_take(take: Take, day: Day) -> tuple[object, ...]:
    spans = _real_spans(take)
    gaps = gaps_within({part.file: part.gaps for part in day.parts}, spans)
    marks = tuple(Mark(task, frame_within(take.spans, at.stream, at.frame)) for task, at in take.marks)
    place = spans, gaps, marks, take.started_at, take.ended_at or take.started_at
    heard = take.listened, take.opinion
    return take.participant, take.number, take.variant, take.decision, *heard, take.flags, take.replaces, *place


def _stated_of_rehearsal(told: Manifest) -> tuple[object, ...]:
    return told.audio.frames, told.gaps, told.steps, told.started_at, told.ended_at, told.flags


def _known_of_rehearsal(rehearsal: Rehearsal) -> tuple[object, ...]:
    ended_at = rehearsal.ended_at or rehearsal.started_at
    return rehearsal.frames, rehearsal.gaps, rehearsal.steps, rehearsal.started_at, ended_at, flags_of(rehearsal)


def _real_spans(take: Take) -> tuple[FrameSpan, ...]:
    return tuple(span for span in take.spans if span.frames)
