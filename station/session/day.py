"""The day as the journal tells it: state, takes, outcomes; and the table of what may happen in which state.

Pure. A day is immutable; `evolution.evolve` gives the next one.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from exam.audio import FrameSpan, Gap
from exam.manifest import Decision, Listened, Opinion, Source, Step
from exam.regulation import Outcome
from station.audibility.findings import Grade, Verdict
from station.session import events as happened
from station.session.events import Event, RehearsalEnding


class State(StrEnum):
    """What the room is doing; the words of `station status`."""

    CLOSED = "closed"
    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    REVIEW = "review"


class Place(Struct, frozen=True):
    """A frame of a stream file."""

    stream: str
    frame: int


class Anchor(Struct, frozen=True):
    """A frame of a stream part and when it was heard: wall time, and the steady clock of the boot `boot`."""

    frame: int
    at: datetime
    at_ns: int
    boot: str


class StreamPart(Struct, frozen=True):
    """One file of the day's stream. `frames` is None while it grows; `open_gap`: a gap whose end is not known yet.

    `head`: of its whole hash chain; `drift_ppm`: how much faster the device's clock ran than the computer's, in
    millionths; if known.
    """

    file: str
    started_at: datetime
    frames: int | None = None
    ended_at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    open_gap: Gap | None = None
    anchors: tuple[Anchor, ...] = ()
    head: str | None = None
    drift_ppm: float | None = None

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return self.file.removesuffix(".wav")


class Take(Struct, frozen=True):
    """One attempt of one participant.

    `stem` is its name, `tape` the stem under which its audio was recorded: they differ after a reassignment,
    which `replaces` another name. `open_from`: where the span being recorded began. `ahead`, `opens_ahead`: what of
    its spans, and of that one's beginning, the stream part that has just ended left to the next, which begins at the
    very next frame; in its frames. `lead`: frames of pre-roll before the press that started it.
    """

    stem: str
    tape: str
    participant: int
    number: int
    variant: str | None
    started_at: datetime
    ended_at: datetime | None = None
    spans: tuple[FrameSpan, ...] = ()
    open_from: Place | None = None
    ahead: tuple[FrameSpan, ...] = ()
    opens_ahead: int = 0
    marks: tuple[tuple[int, Place], ...] = ()
    decision: Decision | None = None
    listened: Listened = None
    opinion: Opinion | None = None
    lead: int = 0
    cancelled: bool = False
    superseded: bool = False
    replaces: str | None = None
    flags: tuple[str, ...] = ()
    source: Source = "microphone"
    verdict: Verdict | None = None

    @property
    def end(self) -> Place | None:
        """The first frame after the take, once a span of it has ended."""
        return Place(self.spans[-1].stream, self.spans[-1].end) if self.spans else None

    @property
    def counts(self) -> bool:
        """Whether the participant really worked in this take."""
        return not (self.cancelled or self.superseded)

    @property
    def is_publishable(self) -> bool:
        """Whether a manifest of it is due: it counts, has left its review and holds sound."""
        holds_sound = self.source != "microphone" or any(span.frames for span in self.spans)
        return self.counts and self.decision is not None and holds_sound


class Choice(Struct, frozen=True):
    """Who is to be recorded next."""

    participant: int
    variant: str | None = None
    other_room: bool = False
    document_checked: bool = False


class OutcomeNote(Struct, frozen=True):
    """A participant's outcome, with the time of day a person gave and a note; `noted_at`: when it was told."""

    outcome: Outcome
    at: str | None
    note: str
    noted_at: datetime | None = None


class Rehearsal(Struct, frozen=True):
    """A test recording. `ending` is None while it runs, `verdict` until it was judged; only one that is `done` is.

    `steps` and `gaps` in its own frames. `accepted_by`: who listened to it and answers for it.
    """

    stem: str
    started_at: datetime
    quick: bool = False
    ended_at: datetime | None = None
    ending: RehearsalEnding | None = None
    frames: int = 0
    steps: tuple[Step, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verdict: Verdict | None = None
    accepted_by: str | None = None

    @property
    def grade(self) -> Grade | None:
        return self.verdict.grade if self.verdict is not None else None

    @property
    def noise_dbfs(self) -> tuple[float, ...]:
        """The noise of the silent room, one number a channel; empty where it is not known."""
        metrics = self.verdict.metrics if self.verdict is not None else ()
        noise = {metric.channel or 0: metric.value for metric in metrics if metric.name == "noise"}
        known = [value for _, value in sorted(noise.items()) if value is not None]
        return tuple(known) if len(known) == len(noise) else ()


class Day(Struct, frozen=True):
    """Everything the journal knows of a room's day.

    `current`: the stem of the take in hand; `choice`: who comes next. `published`: by stem, the SHA-256 of the master
    and of the manifest. `clock_correction_s`: what a person had added to the computer's clock. `opened_at`: when it
    was opened first; `closed_at`: when it was last closed, should it be open again, too.
    """

    state: State = State.CLOSED
    parts: tuple[StreamPart, ...] = ()
    takes: Mapping[str, Take] = {}
    current: str | None = None
    choice: Choice | None = None
    outcomes: Mapping[int, OutcomeNote] = {}
    published: Mapping[str, tuple[str, str]] = {}
    rehearsals: tuple[Rehearsal, ...] = ()
    clock_correction_s: float = 0.0
    opened_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def take(self) -> Take | None:
        """The take being recorded, paused or reviewed."""
        return self.takes[self.current] if self.current is not None else None

    def takes_of(self, participant: int) -> tuple[Take, ...]:
        """This participant's takes that count, in order."""
        return tuple(take for take in self.takes.values() if take.participant == participant and take.counts)

    def accepted(self, participant: int) -> Take | None:
        """The one accepted take: the latest, should a person have accepted two."""
        accepted = [take for take in self.takes_of(participant) if take.decision == "accepted"]
        return accepted[-1] if accepted else None

    @property
    def rehearsal(self) -> Rehearsal | None:
        """The test recording that runs."""
        return self.rehearsals[-1] if self.rehearsals and self.rehearsals[-1].ending is None else None

    @property
    def last_rehearsal(self) -> Rehearsal | None:
        """The last test recording that counts: it was judged, or somebody answers for it."""
        counting = [each for each in self.rehearsals if each.verdict is not None or each.accepted_by is not None]
        return counting[-1] if counting else None

    def rehearsal_of(self, stem: str) -> Rehearsal | None:
        """The test recording of this name, if it is one."""
        return next((rehearsal for rehearsal in self.rehearsals if rehearsal.stem == stem), None)

    def unpublished(self) -> tuple[str, ...]:
        """Stems of takes, ended stream parts and test recordings that hold sound and whose manifest is still due."""
        takes = [take.stem for take in self.takes.values() if take.is_publishable]
        parts = [part.stem for part in self.parts if part.frames]
        rehearsals = [rehearsal.stem for rehearsal in self.rehearsals if rehearsal.frames]
        return tuple(stem for stem in takes + parts + rehearsals if stem not in self.published)


TRANSITIONS: Mapping[tuple[State, type[Event]], State] = {
    (State.CLOSED, happened.DayOpened): State.IDLE,
    (State.CLOSED, happened.Chosen): State.CLOSED,
    (State.IDLE, happened.Chosen): State.IDLE,
    (State.REVIEW, happened.Chosen): State.REVIEW,
    (State.IDLE, happened.TakeStarted): State.RECORDING,
    (State.IDLE, happened.DayClosed): State.CLOSED,
    (State.RECORDING, happened.TaskMarked): State.RECORDING,
    (State.RECORDING, happened.TakePaused): State.PAUSED,
    (State.RECORDING, happened.TakeStopped): State.REVIEW,
    (State.PAUSED, happened.TakeResumed): State.RECORDING,
    (State.PAUSED, happened.TakeStopped): State.REVIEW,
    (State.REVIEW, happened.TakeContinued): State.RECORDING,
    (State.REVIEW, happened.TakeHeard): State.REVIEW,
    (State.REVIEW, happened.TakeDecided): State.IDLE,
    (State.REVIEW, happened.TakeCancelled): State.IDLE,
    (State.CLOSED, happened.RehearsalBegan): State.CLOSED,
    (State.IDLE, happened.RehearsalBegan): State.IDLE,
    (State.REVIEW, happened.RehearsalBegan): State.REVIEW,
}
"""Which event may happen in which state, and the state after it. Events of the whole day, below, may
happen in any state and change none."""

DAY_EVENTS: frozenset[type[Event]] = frozenset(
    {
        happened.StreamStarted,
        happened.StreamEnded,
        happened.ChainHead,
        happened.Anchored,
        happened.GapBegan,
        happened.GapFound,
        happened.OverflowSeen,
        happened.OutcomeSet,
        happened.TakeReassigned,
        happened.TakeCorrected,
        happened.TakeAdded,
        happened.SpeechInPause,
        happened.TakeJudged,
        happened.AlarmRaised,
        happened.AlarmCleared,
        happened.ClockCorrected,
        happened.ClockStepped,
        happened.RecordingPublished,
        happened.ManifestLost,
        happened.RehearsalEnded,
        happened.RehearsalJudged,
        happened.RehearsalAccepted,
    }
)


def next_state(state: State, event: Event) -> State | None:
    """The state after `event`, or None where it may not happen."""
    return state if type(event) in DAY_EVENTS else TRANSITIONS.get((state, type(event)))
