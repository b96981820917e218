"""What the parts of the station say to each other: blocks and requests go to the recorder, Status comes from it."""

import contextlib
from concurrent.futures import Future, InvalidStateError
from datetime import datetime

from msgspec import Struct

from exam.audio import GapReason
from exam.errors import ExamError
from exam.manifest import Decision, Listened, Opinion, Source
from station.audibility.findings import Grade, LiveAlarm, Verdict
from station.session.commands import Command
from station.session.day import Choice, State


class Block(Struct, frozen=True):
    """A stretch of captured sound: 16-bit frames, interleaved.

    `run` counts openings of the device, `first_frame` frames within the run; a jump of it means dropped
    frames. `overflow`: the sound system said that it lost some before. At `monotonic_ns` the block and `beyond` frames
    more had been captured.
    """

    run: int
    first_frame: int
    monotonic_ns: int
    overflow: bool
    data: bytes
    beyond: int = 0


class CaptureLost(Struct, frozen=True):
    """The microphone stopped; it is being reopened. `text` says why, for a person.

    `code` is the alarm's. `device_stalled`: nothing comes, but it may yet, late; the next block tells that it is over.
    """

    run: int
    text: str
    code: str = "device_lost"


class Request(Struct, frozen=True):
    """A person's command on its way to the recorder, and where the answer is put.

    `pressed_ns`: monotonic time of the press.
    """

    command: Command
    pressed_ns: int
    answer: "Future[Status]"

    def settle(self, result: "Status | ExamError") -> None:
        """Put the answer where it is awaited; whoever asked may have gone."""
        with contextlib.suppress(InvalidStateError):
            if isinstance(result, Status):
                self.answer.set_result(result)
            else:
                self.answer.set_exception(result)


class Published(Struct, frozen=True):
    """A recording's manifest was published. `sha256` is the master's, `manifest_sha256` the manifest file's own.

    `verdict`: as the manifest tells it, if it was judged.
    """

    stem: str
    sha256: str
    manifest_sha256: str
    verdict: Verdict | None = None


RECORD = "ведомость"
"""What stands for the room's record among the stems of what is published."""


class RecordPublished(Struct, frozen=True):
    """The room's record is in the folder, as `file`."""

    file: str
    stem: str = RECORD


class PublishingFailed(Struct, frozen=True):
    """A recording could not be published; its master is safe and it is tried again in a minute."""

    stem: str
    text: str


class Heard(Struct, frozen=True, tag="heard"):
    """All live alarms about the sound that stand; sent when they change."""

    alarms: tuple[LiveAlarm, ...]


class Judged(Struct, frozen=True, tag="judged"):
    """The verdict on the take `stem`, of `frames` frames."""

    stem: str
    frames: int
    verdict: Verdict


class Refusal(Struct, frozen=True):
    """Why a press changed nothing, for a reader of either language, and when it was pressed."""

    code: str
    ru: str
    en: str
    at: datetime


class PedalStatus(Struct, frozen=True):
    """The pedal that was learnt: whether it is plugged in, and is being held down long enough to be counted down.

    `refusal`: of the last press, if it was refused.
    """

    present: bool
    holding: bool = False
    refusal: Refusal | None = None


class Stop(Struct, frozen=True):
    """Seal the stream part and end; the day stays open."""


Message = Block | CaptureLost | Request | Published | RecordPublished | PublishingFailed | Heard | Judged | Stop


class GapStatus(Struct, frozen=True, omit_defaults=True):
    """A gap of the stream file; `open` while the microphone is still away."""

    first_frame: int
    frames: int
    reason: GapReason
    open: bool = False


class StreamStatus(Struct, frozen=True):
    """`frames` of the file, silence of gaps included; `captured_frames` without it.

    `drift_ppm`: how much faster the device's clock runs than the computer's, in millionths; None until it is known.
    """

    file: str
    frames: int
    captured_frames: int
    gaps: tuple[GapStatus, ...] = ()
    drift_ppm: float | None = None


class Levels(Struct, frozen=True):
    """One number a channel, dBFS re full scale (a full-scale square wave is 0); floor −120. Of the last block; `hold`:
    the peak of the last 2 s."""

    rms_dbfs: tuple[float, ...] = ()
    peak_dbfs: tuple[float, ...] = ()
    hold_dbfs: tuple[float, ...] = ()


class Alarm(Struct, frozen=True):
    """Something a person must know: what happened, what to do, what is safe. `severity`: warn or red.

    `seat`: whose microphone it is about, where there are two; `cause`: what happened exactly, as one code tells of
    several things.
    """

    code: str
    severity: str
    text: str
    since: datetime
    seat: str = ""
    cause: str = ""


class DiskStatus(Struct, frozen=True):
    """`hours_left` of recording at the present rate. `is_equal`: of a second copy, whether the closed day was found
    equal in both folders; None before that was looked at."""

    folder: str
    free_bytes: int
    hours_left: float
    is_equal: bool | None = None


class VerdictStatus(Struct, frozen=True):
    """What was found in a recording, in short: the worst grade and what is wrong, in words."""

    grade: Grade
    reasons: tuple[str, ...]


class TakeStatus(Struct, frozen=True):
    """`verdict`: None until it is known; `decision`: until it has left its review. `seconds`: of its spans."""

    take: int
    file: str
    accepted: bool
    published: bool
    verdict: VerdictStatus | None = None
    variant: str | None = None
    decision: Decision | None = None
    opinion: Opinion | None = None
    listened: Listened = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float = 0.0
    source: Source = "microphone"
    flags: tuple[str, ...] = ()


class ParticipantStatus(Struct, frozen=True):
    number: int
    name: str
    outcome: str | None
    takes: tuple[TakeStatus, ...]


class MarkStatus(Struct, frozen=True):
    """The task `task` began `seconds` after the start."""

    task: int
    seconds: float


class TakeInHand(Struct, frozen=True):
    """The take being recorded, paused or reviewed; `take` is its name, `number` which of the participant's it is.

    `seconds`: recorded since the start was pressed, pauses left out; `seconds_in_all`: the length of its file, pre-roll
    included. `paused_s`: how long the pause lasts, None where there is none.
    """

    take: str
    number: int
    participant: int
    variant: str | None
    started_at: datetime
    seconds: float
    seconds_in_all: float
    paused_s: float | None
    marks: tuple[MarkStatus, ...]
    opinion: Opinion | None
    listened: Listened


class RehearsalStep(Struct, frozen=True):
    """What is to be done in a test recording now: `prompt` says it.

    `step`: silence, interlocutor or participant. `listening`: it counts now, else there is time to get ready.
    `seconds_left` until that changes; `seconds_in_all` until the test recording ends.
    """

    step: str
    listening: bool
    seconds_left: float
    seconds_in_all: float
    prompt: str


class RehearsalStatus(Struct, frozen=True):
    """The last test recording: `running` while it is being made, `grade` and `verdict` once it was judged.

    `ending`: done, or what came between; `accepted_by`: who listened to it and answers for it.
    """

    file: str
    at: datetime
    quick: bool
    ending: str | None
    published: bool
    grade: Grade | None
    verdict: Verdict | None
    accepted_by: str | None
    running: RehearsalStep | None = None


class Status(Struct, frozen=True):
    """One glance at the room. Immutable: the recorder replaces it whole, everyone else reads it.

    `publishing`: stems of recordings being encoded and hashed. `participant`: number of the one in hand, `verdict`:
    on that take, moments after it was stopped. `version` grows when anything changes that does not change by itself,
    as frames, levels and free bytes do. `chosen`: who comes next. `pedal`: None where none was learnt.
    """

    state: State
    version: int = 0
    now: datetime | None = None
    chosen: Choice | None = None
    in_hand: TakeInHand | None = None
    pedal: PedalStatus | None = None
    participant: int | None = None
    take: str | None = None
    verdict: Verdict | None = None
    stream: StreamStatus | None = None
    levels: Levels = Levels()
    alarms: tuple[Alarm, ...] = ()
    disk: tuple[DiskStatus, ...] = ()
    publishing: tuple[str, ...] = ()
    participants: tuple[ParticipantStatus, ...] = ()
    rehearsal: RehearsalStatus | None = None
