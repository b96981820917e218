"""What happened: the journal's vocabulary. An event is a fact, written down before it is acted upon.

`stream` and `frame` say where in the day's audio; both are the journal's, too.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from exam.audio import FrameSpan, Gap, GapReason, Mark
from exam.manifest import Decision, Listened, Opinion, Source, Step
from exam.regulation import Outcome
from station.audibility.findings import Verdict

Ending = Literal[
    "operator",
    "next_start",
    "close",
    "outcome",
    "cancel",
    "shutdown",
    "crash",
    "disk_full",
    "disk_failed",
    "file_limit",
]
"""What ended a take or a stream part. `file_limit`: the file system lets no file grow further (4 GiB on FAT32)."""


RehearsalEnding = Literal["done", "cancel", "open", "start", "close", "shutdown", "crash", "device_lost", "disk_failed"]
"""What ended a test recording: it was `done` to its end, or else what came between."""


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened at `frame` of the stream file `stream` (None and 0 before the first)."""

    stream: str | None = None
    frame: int = 0


class DayOpened(Event, frozen=True, tag="day_opened"):
    """The day begins, or begins again after a close. `at`: when, if not when this was written down."""

    at: datetime | None = None


class DayClosed(Event, frozen=True, tag="day_closed"):
    """The day ends; nothing is recorded any more. `at`: when, if not when this was written down."""

    at: datetime | None = None


class StreamStarted(Event, frozen=True, tag="stream_started"):
    """The stream part `stream` begins at its frame 0. `at`: when, if not when this was written down."""

    at: datetime | None = None


class StreamEnded(Event, frozen=True, tag="stream_ended"):
    """The stream part `stream` ends; `frame` is its length. `at`: when, if not when this was written down.

    `head`: of its whole hash chain, if known.
    """

    ending: Ending
    at: datetime | None = None
    head: str | None = None


class ChainHead(Event, frozen=True, tag="chain_head"):
    """The head of the stream's hash chain over its first `frame` frames."""

    head: str


class Anchored(Event, frozen=True, tag="anchor"):
    """Frame `frame` of the stream was heard at `at`: `at_ns` on the steady clock of the boot `boot`.

    `drift_ppm`: how much faster the device's clock runs than the computer's, in millionths, if known.
    """

    at: datetime
    at_ns: int
    boot: str
    drift_ppm: float | None = None


class GapBegan(Event, frozen=True, tag="gap_began"):
    """From `frame` on the stream holds silence; `GapFound` will say how much. A crash may come first."""

    reason: GapReason


class GapFound(Event, frozen=True, tag="gap"):
    """`frames` frames from `frame` on hold silence, because `reason`."""

    frames: int
    reason: GapReason


class Chosen(Event, frozen=True, tag="chosen"):
    """Who is to be recorded next; `participant` None: nobody any more."""

    participant: int | None
    variant: str | None = None
    other_room: bool = False
    document_checked: bool = False


class TakeStarted(Event, frozen=True, tag="take_started"):
    """A take begins; its audio from `frame` on, of which `lead` frames are pre-roll. `stem` names it for ever.

    `at`: when, if not when this was written down: they had been speaking already.
    """

    stem: str
    participant: int
    take: int
    variant: str | None = None
    lead: int = 0
    at: datetime | None = None


class TaskMarked(Event, frozen=True, tag="task_marked"):
    task: int


class TakePaused(Event, frozen=True, tag="paused"):
    """The span ends at `frame`; the stream goes on."""


class TakeResumed(Event, frozen=True, tag="resumed"):
    """The next span begins at `frame`."""


class TakeStopped(Event, frozen=True, tag="stopped"):
    """The last span ends at `frame`; the review begins. `at`: when, if not when this was written down."""

    ending: Ending
    at: datetime | None = None


class TakeContinued(Event, frozen=True, tag="continued"):
    """The same participant goes on from review; the next span begins at `frame`."""


class TakeHeard(Event, frozen=True, tag="heard"):
    """The participant has listened to `seconds` of the take, whose master is `sha256`, or would not."""

    stem: str
    opinion: Opinion
    seconds: float = 0.0
    sha256: str | None = None


class TakeDecided(Event, frozen=True, tag="decided"):
    """The take leaves its review. `consent`: whether the participant agreed to a retake the same day."""

    stem: str
    decision: Decision
    listened: Listened = None
    reason: str = ""
    next_variant: str | None = None
    consent: bool | None = None


class TakeCancelled(Event, frozen=True, tag="cancelled"):
    """An accidental start: the audio stays on disk, out of the package."""

    stem: str


class OutcomeSet(Event, frozen=True, tag="outcome"):
    """`at`: local time of day as a person gave it, HH:MM:SS. `outcome` None takes an outcome back.

    `noted_at`: when it was told, if not when this was written down.
    """

    participant: int
    outcome: Outcome | None
    at: str | None = None
    note: str = ""
    noted_at: datetime | None = None


class TakeReassigned(Event, frozen=True, tag="reassigned"):
    """The take `stem` is another participant's: from now on it is `new_stem`."""

    stem: str
    new_stem: str
    participant: int
    take: int
    reason: str


class TakeCorrected(Event, frozen=True, tag="corrected"):
    """The take's variant was entered wrongly. `new_stem` differs from `stem` when it was published already."""

    stem: str
    new_stem: str
    take: int
    variant: str
    reason: str


class TakeAdded(Event, frozen=True, tag="take_added"):
    """A take that is complete at once: cut from the stream by a person, made elsewhere, or found after a loss.

    `spans` is empty where no stream of ours holds it; then `source` says what recorded it. `temporary`: the file that
    became its master. `origin`: the name of the file it came from.
    """

    stem: str
    participant: int
    take: int
    variant: str | None
    decision: Decision
    started_at: datetime
    ended_at: datetime
    spans: tuple[FrameSpan, ...] = ()
    marks: tuple[Mark, ...] = ()
    listened: Listened = None
    opinion: Opinion | None = None
    flags: tuple[str, ...] = ()
    source: Source = "microphone"
    temporary: str = ""
    origin: str = ""
    replaces: str | None = None


class SpeechInPause(Event, frozen=True, tag="speech_in_pause"):
    """While the take was paused somebody spoke for `speech_s`, from `frame` on: it can be restored from the stream."""

    stem: str
    speech_s: float


class TakeJudged(Event, frozen=True, tag="judged"):
    """What was found in the sound of the take `stem`."""

    stem: str
    verdict: Verdict


class AlarmRaised(Event, frozen=True, tag="alarm"):
    """Something about the sound alarmed whoever looked; `severity`: warn or red, `since`: when it began."""

    code: str
    severity: str
    text: str
    since: datetime


class AlarmCleared(Event, frozen=True, tag="alarm_over"):
    """It is over."""

    code: str


class ClockCorrected(Event, frozen=True, tag="clock_corrected"):
    """The computer's clock is wrong: `seconds` are added to it for the papers, to what was noted before, too."""

    seconds: float


class ClockStepped(Event, frozen=True, tag="clock_step"):
    """The computer's clock was set forward by `seconds` (or back) while recording; no duration changes by that."""

    seconds: float


class RecordingPublished(Event, frozen=True, tag="published"):
    """The manifest of `stem` exists. `sha256` is the master's, `manifest_sha256` the manifest file's own."""

    stem: str
    sha256: str
    manifest_sha256: str = ""


class ManifestLost(Event, frozen=True, tag="manifest_lost"):
    """The manifest of `stem`, published before, is gone or torn: it is due again."""

    stem: str


class RehearsalBegan(Event, frozen=True, tag="rehearsal_began"):
    """The test recording `stem` begins. `at`: when, if not when this was written down."""

    stem: str
    quick: bool = False
    at: datetime | None = None


class RehearsalEnded(Event, frozen=True, tag="rehearsal_ended"):
    """The test recording that runs ends after `frames` frames; without any it is of no use, and is not published.

    `steps` and `gaps` in its own frames. `at`: when, if not when this was written down.
    """

    stem: str
    ending: RehearsalEnding
    frames: int
    steps: tuple[Step, ...] = ()
    gaps: tuple[Gap, ...] = ()
    at: datetime | None = None


class RehearsalJudged(Event, frozen=True, tag="rehearsal_judged"):
    """What the test recording `stem` was found to be."""

    stem: str
    verdict: Verdict


class RehearsalAccepted(Event, frozen=True, tag="rehearsal_accepted"):
    """`by` listened to the test recording `stem` and answers for it, whatever the verdict."""

    stem: str
    by: str


class OverflowSeen(Event, frozen=True, tag="overflow"):
    """The sound system said that it lost audio just before `frame`."""


AnyEvent = (
    DayOpened
    | DayClosed
    | StreamStarted
    | StreamEnded
    | ChainHead
    | Anchored
    | GapBegan
    | GapFound
    | Chosen
    | TakeStarted
    | TaskMarked
    | TakePaused
    | TakeResumed
    | TakeStopped
    | TakeContinued
    | TakeHeard
    | TakeDecided
    | TakeCancelled
    | OutcomeSet
    | TakeReassigned
    | TakeCorrected
    | TakeAdded
    | SpeechInPause
    | TakeJudged
    | AlarmRaised
    | AlarmCleared
    | ClockCorrected
    | ClockStepped
    | RecordingPublished
    | ManifestLost
    | RehearsalBegan
    | RehearsalEnded
    | RehearsalJudged
    | RehearsalAccepted
    | OverflowSeen
)
