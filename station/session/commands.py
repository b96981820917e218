"""What a person may ask of the session. Sent by the page, pedal and command line; each is a small record."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from exam.manifest import Listened, Source
from exam.regulation import Outcome

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$"
"""HH:MM:SS, as a person writes it."""


class Command(Struct, frozen=True, kw_only=True, tag_field="command", forbid_unknown_fields=True):
    """A wish; `decide` says what follows from it or why it cannot be."""


class Open(Command, frozen=True, tag="open"):
    pass


class Close(Command, frozen=True, tag="close"):
    pass


class Start(Command, frozen=True, tag="start"):
    participant: int
    variant: str | None = None
    end_previous: bool = False
    other_room: bool = False


class MarkTask(Command, frozen=True, tag="mark"):
    task: Annotated[int, Meta(ge=1, le=4)]


class Pause(Command, frozen=True, tag="pause"):
    pass


class Resume(Command, frozen=True, tag="resume"):
    pass


class Stop(Command, frozen=True, tag="stop"):
    pass


class Accept(Command, frozen=True, tag="accept"):
    listened: Listened = None


class Retake(Command, frozen=True, tag="retake"):
    reason: str
    variant: str | None = None
    consent: bool | None = None


class Cancel(Command, frozen=True, tag="cancel"):
    pass


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
    | Start
    | MarkTask
    | Pause
    | Resume
    | Stop
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
