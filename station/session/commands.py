"""What a person may ask of the session. Sent by the page, pedal and command line; each is a small record."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from exam.manifest import Listened, Opinion, Source
from exam.regulation import Outcome

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$"
"""HH:MM:SS, as a person writes it."""
Earlier = Annotated[float, Meta(ge=0, le=900)]
"""Seconds before the press."""
Button = Literal["main", "pause", "stop"]
"""What is pressed: of one pedal, `main`; of two, `main` and `pause`."""
Gesture = Literal["short", "hold"]


class Command(Struct, frozen=True, kw_only=True, tag_field="command", forbid_unknown_fields=True):
    """A wish; `decide` says what follows from it or why it cannot be."""


class Open(Command, frozen=True, tag="open"):
    pass


class Close(Command, frozen=True, tag="close"):
    pass


class Choose(Command, frozen=True, tag="choose"):
    """Who is to be recorded next, by variant `variant`; None: nobody is chosen any more."""

    participant: int | None
    variant: str | None = None
    other_room: bool = False
    document_checked: bool = False


class Start(Command, frozen=True, tag="start"):
    """Without a participant the chosen one. `earlier_s`: for so long they have been speaking already."""

    participant: int | None = None
    variant: str | None = None
    end_previous: bool = False
    other_room: bool = False
    earlier_s: Earlier = 0.0


class MarkTask(Command, frozen=True, tag="mark"):
    """`task` None: the next one that the participant takes."""

    task: Annotated[int, Meta(ge=1, le=4)] | None = None


class Pause(Command, frozen=True, tag="pause"):
    pass


class Resume(Command, frozen=True, tag="resume"):
    """`earlier_s`: for so long they have been speaking already."""

    earlier_s: Earlier = 0.0


class Press(Command, frozen=True, tag="press"):
    """A pedal or key was pressed; what that means depends on the state."""

    button: Button
    gesture: Gesture


class Stop(Command, frozen=True, tag="stop"):
    pass


class Hear(Command, frozen=True, tag="heard"):
    """The participant has listened to `seconds` of the take under review, or would not; `sha256` of what they heard."""

    opinion: Opinion
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None


class Accept(Command, frozen=True, tag="accept"):
    listened: Listened = None


class Retake(Command, frozen=True, tag="retake"):
    """`take`: the stem of the one that is meant, where whoever asks may not know what is in hand by now."""

    reason: str
    variant: str | None = None
    consent: bool | None = None
    take: str | None = None


class Cancel(Command, frozen=True, tag="cancel"):
    """`take`: as of a retake."""

    take: str | None = None


class SetOutcome(Command, frozen=True, tag="outcome"):
    """`outcome` None clears."""

    participant: int
    outcome: Outcome | None
    at: Annotated[str, Meta(pattern=TIME_OF_DAY)] | None = None
    note: str = ""


class Reassign(Command, frozen=True, tag="reassign"):
    """`take`: the stem, or the name of any file of it."""

    take: str
    to: int
    reason: str


class Correct(Command, frozen=True, tag="correct"):
    take: str
    variant: str
    reason: str


class Recut(Command, frozen=True, tag="recut"):
    """`first` and `last`: local times of day between which the participant is to be cut from the stream."""

    participant: int
    first: Annotated[str, Meta(pattern=TIME_OF_DAY)]
    last: Annotated[str, Meta(pattern=TIME_OF_DAY)]


class SetClock(Command, frozen=True, tag="clock"):
    """It is `now` really, whatever the computer's clock says; on the exam's date unless `day` says otherwise."""

    now: Annotated[str, Meta(pattern=TIME_OF_DAY)]
    day: date | None = None


class Import(Command, frozen=True, tag="import"):
    """A master of `seconds`, made from another recorder's file `origin`, waits in the day's folder as `temporary`."""

    temporary: Annotated[str, Meta(pattern=r"^\.part-[0-9a-f]+$")]
    participant: int
    started_at: Annotated[str, Meta(pattern=TIME_OF_DAY)]
    seconds: Annotated[float, Meta(gt=0)]
    source: Source
    origin: str
    damaged: bool = False


class Rehearse(Command, frozen=True, tag="rehearse"):
    """A test recording. `quick`: the short one, between two participants."""

    quick: bool = False


class CancelRehearsal(Command, frozen=True, tag="cancel_rehearsal"):
    """End the test recording that runs; what there is of it is kept."""


class AcceptRehearsal(Command, frozen=True, tag="accept_rehearsal"):
    """`by` has listened to the last test recording and answers for it."""

    by: Annotated[str, Meta(pattern=r"\S", max_length=200)]


AnyCommand = (
    Open
    | Close
    | Choose
    | Start
    | MarkTask
    | Pause
    | Resume
    | Stop
    | Press
    | Hear
    | Accept
    | Retake
    | Cancel
    | SetOutcome
    | Reassign
    | Correct
    | Recut
    | SetClock
    | Import
    | Rehearse
    | CancelRehearsal
    | AcceptRehearsal
)
