"""What the microphone's sound tells of itself: it comes or stays away, is silent, has holes, speaks in a pause.

Raises and clears the alarms of that. Used by the recorder's thread alone.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta

from exam.audio import AudioFormat
from exam.clock import NS_PER_S, Clock
from exam.errors import Rejected
from exam.language import say
from station.alarms import Alarms
from station.audibility.findings import LiveAlarm, Severity, Voice
from station.levels import Hush
from station.messages import Block, CaptureLost, Heard
from station.pauses import Pauses
from station.session import Day, State
from station.session.events import Event, GapFound, OverflowSeen, TakeResumed, TakeStopped

_ABSENT_AFTER_NS = 3 * NS_PER_S
_CALM_NS = 60 * NS_PER_S
_SILENCE_S = 2.0
_DEFICIT_RED_S = 0.02
_HELD_BLOCKS = 16  # two seconds of them
_AWAY = ("device_lost", "device_changed", "device_stalled")


class Hearing:
    """`heard`: the blocks of the last 2 s, as bytes."""

    def __init__(
        self, device: str, shape: AudioFormat, alarms: Alarms, clock: Clock, seats: Sequence[Voice] = ()
    ) -> None:
        """`seats`: whose each microphone is, where there are two."""
        self._device, self._alarms, self._clock, self._seats = device, alarms, clock, seats
        self._shape = shape
        self._live: Mapping[tuple[str, str], LiveAlarm] = {}
        self._hush, self._pauses = Hush(shape), Pauses(shape)
        now = clock.monotonic_ns()
        self._last_block_ns, self._lost_ns = now - _ABSENT_AFTER_NS, now  # nothing was heard yet
        self._blocks: deque[bytes] = deque(maxlen=_HELD_BLOCKS)

    @property
    def heard(self) -> tuple[bytes, ...]:
        return tuple(self._blocks)

    def check(self, ru: str, en: str) -> None:
        """Raises Rejected while no sound comes, which says what is not done then."""
        if self._clock.monotonic_ns() - self._last_block_ns >= _ABSENT_AFTER_NS:
            raise Rejected(
                f"Микрофон «{self._device}» не даёт звука, {ru}. Подключите его; список: station devices.",
                f"No sound from “{self._device}”: {en}. Plug it in; see station devices.",
                code="device_lost",
            )

    def take_block(self, block: Block, paused_at: int | None) -> None:
        """`paused_at`: the stream's length while a take is paused."""
        self._last_block_ns = self._clock.monotonic_ns()
        self._alarms.clear(*_AWAY)
        is_silent = self._hush.seconds_until_end_of(block.data) >= _SILENCE_S
        if is_silent and not self._is_dead:
            self._alarms.raise_("silence", self._clock.now(), f"«{self._device}»")
        else:
            self._alarms.clear("silence")
        self._blocks.append(block.data)
        if paused_at is not None:
            self._pauses.hear(block.data, paused_at)
            if self._pauses.is_talked_in and not self._alarms.stands("speech_in_pause"):
                self._alarms.raise_("speech_in_pause", self._clock.now())

    def hear_alarms(self, heard: Heard) -> None:
        """What the listening child hears: these stand now, no others of its kind."""
        live = {(_CODES.get(alarm.code, alarm.code), str(alarm.channel)): alarm for alarm in heard.alarms}
        for code, of in self._live:
            if (code, of) not in live:
                self._alarms.clear(code, of=of)
        for (code, of), alarm in live.items():
            since = self._clock.now() - timedelta(seconds=alarm.ago_s)
            seat = self._seat(alarm) or ""
            self._alarms.raise_(code, since, self._detail(alarm), severity=alarm.severity, of=of, seat=seat)
        self._live = live

    @property
    def _is_dead(self) -> bool:
        """Whether the listening child has said so already, and of which microphone."""
        return any(code == "dead" for code, _ in self._live)

    def _detail(self, alarm: LiveAlarm) -> str:
        if alarm.code == "no_speech":
            return say(f"{alarm.value:.0f} с", f"{alarm.value:.0f} s")
        seat = say(*_SEATS[self._seat(alarm)])
        unit = say(*_UNITS.get(alarm.code, ("дБ", "dBFS")))
        return f"{seat}, {alarm.value:.{2 if alarm.code in _UNITS else 0}f} {unit}"

    def _seat(self, alarm: LiveAlarm) -> Voice | None:
        return self._seats[alarm.channel] if self._seats and alarm.channel is not None else None

    def lose(self, lost: CaptureLost) -> None:
        self._alarms.raise_(lost.code, self._clock.now(), f"«{self._device}»: {lost.text}")

    def note(self, losses: Sequence[Event]) -> None:
        """What the microphone's or the disk's absence took has its own alarm; the rest is the computer's fault."""
        if any(_is_ours(loss) for loss in losses):
            self._lost_ns = self._last_block_ns
            frames = sum(loss.frames for loss in losses if isinstance(loss, GapFound))
            severity: Severity = "red" if self._shape.seconds(frames) > _DEFICIT_RED_S else "warn"
            self._alarms.raise_("overflow", self._clock.now(), severity=severity)

    def tend(self, now_ns: int) -> None:
        """Say that nothing comes, should nobody else; take back what has been over for a minute."""
        if now_ns - self._last_block_ns > 2 * _ABSENT_AFTER_NS and not any(map(self._alarms.stands, _AWAY)):
            why = say("звук не поступает", "no sound comes")
            self._alarms.raise_("device_lost", self._clock.now(), f"«{self._device}»: {why}")
        if now_ns - self._lost_ns > _CALM_NS:
            self._alarms.clear("overflow")

    def end_pause(self, day: Day, events: Sequence[Event], stream: str | None) -> Sequence[Event]:
        """What to remember of a pause that these events end."""
        ends = any(isinstance(event, TakeResumed | TakeStopped) for event in events)
        if day.state is not State.PAUSED or day.take is None or stream is None or not ends:
            return ()
        self._alarms.clear("speech_in_pause")
        return self._pauses.over(day.take.stem, stream)


_CODES = {"silence": "dead"}
"""What is heard in the stream has words of its own."""
_SEATS: Mapping[Voice | None, tuple[str, str]] = {
    None: ("микрофон", "microphone"),
    "interlocutor": ("микрофон собеседника", "the interlocutor's microphone"),
    "participant": ("микрофон участника", "the participant's microphone"),
}
_UNITS = {"clipping": ("%", "%"), "silence": ("с", "s"), "dropout": ("с", "s")}


def _is_ours(loss: Event) -> bool:
    return isinstance(loss, OverflowSeen) or (isinstance(loss, GapFound) and loss.reason in {"overflow", "dropped"})
