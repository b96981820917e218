"""What a check of a day says: breaches of invariants, and notes that are none."""

from msgspec import Struct

from exam.audio import AudioFormat


class Breach(Struct, frozen=True):
    """An invariant that does not hold. `file`: a name in the folder.

    `first_frame` and `end_frame`, where known: the frames of `file` between which the trouble lies.
    """

    invariant: int
    file: str
    text: str
    first_frame: int | None = None
    end_frame: int | None = None


class Note(Struct, frozen=True):
    """Something a person may wonder at that is no breach."""

    file: str
    text: str


class Report(Struct, frozen=True):
    """What was checked and what is wrong; `ok` when nothing is. `confirmed`: heads from paper that hold."""

    folder: str
    recordings: int
    breaches: tuple[Breach, ...]
    notes: tuple[Note, ...] = ()
    confirmed: int = 0

    @property
    def ok(self) -> bool:
        return not self.breaches


def clock(frames: int, shape: AudioFormat) -> str:
    """A position in a file as players show it, HH:MM:SS; begun seconds are left out."""
    seconds = frames // shape.sample_rate
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
