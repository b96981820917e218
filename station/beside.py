"""What is known of a sound file from the manifest that lies beside it, if it is one of ours. Reads only.

For `checking`: the marks of tasks or the steps of a test recording become a timeline, losses become gaps.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam import manifest
from exam.audio import AudioFormat, Gap
from exam.errors import Rejected
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind
from station.audibility.telling import clock
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline, of_marks, of_steps
from station.foreign import OUR_SUFFIXES

_MOST_BYTES = 1 << 24
_LENGTH_TOLERANCE_S = 1.0
"""Coders pad by less."""
_QUICK_S = 7.5


class Known(Struct, frozen=True):
    """`manifest`: None when there is none, or it speaks of other files. `notes`: for a person, each a line."""

    manifest: Manifest | None = None
    notes: tuple[str, ...] = ()

    @property
    def timeline(self) -> Timeline:
        return Timeline(basis="file") if self.manifest is None else _timeline(self.manifest)

    @property
    def seats(self) -> tuple[str, ...]:
        """Of two microphones: whose each is."""
        return self.manifest.seats if self.manifest is not None else ()

    def gaps(self, shape: AudioFormat, frames: int) -> tuple[Gap, ...]:
        """Recorded losses in frames of the file as it was decoded: a copy may have another sample rate."""
        return tuple(self._gaps(shape.sample_rate, frames))

    def _gaps(self, sample_rate: int, frames: int) -> Iterator[Gap]:
        if self.manifest is None:
            return
        for gap in self.manifest.gaps:
            first, end = (at * sample_rate // self.manifest.audio.sample_rate for at in (gap.first_frame, gap.end))
            if first < min(end, frames):
                yield Gap(first, min(end, frames) - first, gap.reason)

    def judged_by(self, thresholds: Thresholds) -> Thresholds:
        """Who has six seconds, as in a quick test recording, cannot speak for five of them."""
        steps = self.timeline.steps if self.timeline.basis == "rehearsal" else ()
        if any(step.end_s - step.start_s < _QUICK_S for step in steps):
            return replace(thresholds, active_rehearsal_s=thresholds.active_rehearsal_s / 2)
        return thresholds

    def doubts(self, seconds: float) -> Iterator[str]:
        """Where the file is not as long as its manifest says."""
        if self.manifest is None:
            return
        stated = self.manifest.audio.frames / self.manifest.audio.sample_rate
        if abs(stated - seconds) > _LENGTH_TOLERANCE_S:
            ru, en = "длина {0}, а в описании записи {1}", "{0} long, but {1} in its manifest"
            yield say(ru, en).format(clock(seconds), clock(stated))


def known_of(source: Path) -> Known:
    """What lies beside a master or one of its deliveries."""
    suffix = next((suffix for suffix in OUR_SUFFIXES if source.name.endswith(suffix)), None)
    path = source.parent / (source.name.removesuffix(suffix or "") + manifest.SUFFIX)
    try:
        if suffix is None or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return Known()
        found = manifest.load(path)
    except (Rejected, OSError):
        return Known(notes=(say(f"{path.name} не читается как описание записи; проверено без него",
                                f"{path.name} cannot be read as a manifest; checked without it"),))  # fmt: skip
    if source.name not in {found.audio.file, *(delivery.file for delivery in found.deliveries)}:
        return Known()
    if found.audio.sample_rate < 1:
        return Known()
    return Known(found)


def _timeline(told: Manifest) -> Timeline:
    rate = told.audio.sample_rate
    if told.kind is Kind.REHEARSAL:
        return of_steps(told.steps, rate) if told.steps else Timeline(basis="file")
    if told.kind is not Kind.PARTICIPANT:
        return Timeline(basis="file")
    marked = sorted({mark.task for mark in told.marks})
    # Which tasks the participant was to take no manifest says: of one that was not marked nothing is expected.
    return of_marks(told.marks, told.audio.frames, rate, marked) if marked else Timeline(basis="recording")


def described(told: Manifest) -> Iterator[str]:
    """Who or what, when and where, in a few words each."""
    if told.participant is not None:
        person = told.participant
        of_class = f", {person.class_name}" if person.class_name else ""
        yield f"№ {person.number} {person.surname} {person.first_name}{of_class}"
    else:
        yield say("проба", "test recording") if told.kind is Kind.REHEARSAL else say("общая запись", "the day's stream")
    yield f"{told.started_at:%d.%m.%Y %H:%M}"
    yield say("аудитория", "room") + f" {told.room}"
    yield say("школа", "school") + f" {told.school}"
    if told.take is not None and told.take > 1:
        yield say("дубль", "take") + f" {told.take}"
    if told.variant:
        yield say("вариант", "variant") + f" {told.variant}"
