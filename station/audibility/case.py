"""What is known of a recording beside its sound: all that a verdict on it rests on. Plain records, without numpy."""

from msgspec import Struct

from exam.audio import Gap
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline


class Case(Struct, frozen=True, kw_only=True):
    """`gaps` in frames of the file; `seats`: of two microphones, whose each is, as in the configuration. `drift_ppm`:
    how much faster the device's clock ran than the computer's, in millionths, if known."""

    timeline: Timeline
    gaps: tuple[Gap, ...] = ()
    seats: tuple[str, ...] = ()
    thresholds: Thresholds = Thresholds()
    drift_ppm: float | None = None
