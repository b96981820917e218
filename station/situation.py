"""What the listening child must know of the room: which frames count, who is being recorded, what was marked. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from exam.audio import AudioFormat, FrameSpan, Gap, gaps_within
from station.audibility.thresholds import Thresholds
from station.messages import StreamStatus
from station.session import Day, Rules, State, Take
from station.session.day import Place

_LATEST_GAPS = 8


class Setting(Struct, frozen=True, kw_only=True):
    """What does not change during the day. `seats`: whose each microphone is, where there are two."""

    shape: AudioFormat
    seats: tuple[str, ...]
    thresholds: Thresholds


class TakeSituation(Struct, frozen=True, kw_only=True):
    """A take that is listened to. `open_from`: where the span being recorded began. `gaps`: in frames of the take.
    `drift_ppm`: how much faster the device's clock runs than the computer's, in millionths, if known.

    `extended`: +30 minutes. `wants_verdict`: it has ended, nobody has judged it yet.
    """

    stem: str
    spans: tuple[FrameSpan, ...]
    open_from: Place | None
    marks: tuple[tuple[int, Place], ...]
    tasks: tuple[int, ...]
    extended: bool
    gaps: tuple[Gap, ...]
    drift_ppm: float | None = None
    wants_verdict: bool


class Situation(Struct, frozen=True, kw_only=True):
    """The room at one instant. `frames` of the stream part `file` in `folder` count; `gaps`: its latest.

    `current`: the stem of the take being recorded at this moment. `noise_dbfs`: by the last test recording, one number
    a channel.
    """

    folder: str
    file: str | None = None
    frames: int = 0
    gaps: tuple[Gap, ...] = ()
    current: str | None = None
    takes: tuple[TakeSituation, ...] = ()
    noise_dbfs: tuple[float, ...] = ()


def situation_of(
    day: Day, rules: Rules, folder: str, stream: StreamStatus | None, unjudged: tuple[str, ...]
) -> Situation:
    """`unjudged`: stems of takes that have ended and whose verdict is wanted."""
    stems = dict.fromkeys((*unjudged, *([day.current] if day.current else [])))
    return Situation(
        folder=folder,
        file=stream.file if stream else None,
        frames=stream.frames if stream else 0,
        gaps=tuple(_latest_gaps(day, stream)) if stream else (),
        current=day.current if day.state is State.RECORDING else None,
        noise_dbfs=day.last_rehearsal.noise_dbfs if day.last_rehearsal is not None else (),
        takes=tuple(_take_situation(day, rules, day.takes[stem]) for stem in stems),
    )


def _latest_gaps(day: Day, stream: StreamStatus) -> Iterator[Gap]:
    part = day.parts[-1]
    yield from part.gaps[-_LATEST_GAPS:]
    if part.open_gap is not None:
        first = part.open_gap.first_frame
        yield Gap(first, max(0, stream.frames - first), part.open_gap.reason)


def _take_situation(day: Day, rules: Rules, take: Take) -> TakeSituation:
    person = rules.roster.get(take.participant)
    is_in_hand = day.current == take.stem and day.state is not State.REVIEW
    return TakeSituation(
        stem=take.stem,
        spans=tuple(span for span in take.spans if span.frames),
        open_from=take.open_from,
        marks=take.marks,
        tasks=person.tasks if person else (),
        extended=bool(person and person.extended),
        gaps=gaps_within({part.file: part.gaps for part in day.parts}, take.spans),
        drift_ppm=day.parts[-1].drift_ppm if day.parts else None,
        wants_verdict=take.verdict is None and take.counts and not is_in_hand and not take.ahead,
    )
