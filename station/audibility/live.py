"""What is wrong with the sound at this moment: alarms with a severity, a channel and how long they have lasted. Pure.

Definitions: quality.md's live alarms, thresholds in `thresholds.LiveThresholds`. Told of cells as they come.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from station.audibility.expecting import Expecting
from station.audibility.findings import LiveAlarm, LiveCode, Severity
from station.audibility.flaws import Fault
from station.audibility.thresholds import LiveThresholds
from station.audibility.track import CELL_S, dbfs

_LEVEL_CELLS = round(10.0 / CELL_S)
_NOISE_CELLS = round(30.0 / CELL_S)  # of time: where people speak on and on, a second of gaps in it must do
_NOISE_LEAST = round(1.0 / CELL_S)
_NOISE_KEPT = 0.8  # of the gaps' cells, the quieter ones: a cough or a chair is not the room's noise
_BEFORE, _AFTER = round(0.1 / CELL_S), round(0.3 / CELL_S)  # gaps begin and end so far from speech
_FLOOR_CELLS, _FLOOR_PERCENT = round(10.0 / CELL_S), 10
_QUIET_DBFS, _MOST_GAIN_DB = -58.0, 12.0
_CLIPPED_CELLS = round(10.0 / CELL_S)
_DROPOUTS_CELLS = round(60.0 / CELL_S)
_BACK_CELLS = round(1.0 / CELL_S)  # a microphone that is heard again for so long is alive
_EASE_DB = 1.0  # what has been raised is over once it is better by so much
_OWN_DB = 3.0  # a seat's microphone hears its own voice louder by so much than the other's


class Piece(NamedTuple):
    """Consecutive cells of one channel. `power`: mean square without DC; `speech`: whether somebody speaks in it;
    `clipped`: samples; `zeros`: whether it holds nothing but digital zeros; `samples` in each."""

    power: NDArray[np.float32]
    speech: NDArray[np.bool_]
    clipped: NDArray[np.uint16]
    zeros: NDArray[np.bool_]
    samples: int


class _Gaps:
    """The gaps of the last time, at least a second of them."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._count = 0

    def add(self, now: int, power: NDArray[np.float32]) -> None:
        if not len(power):
            return
        self._pieces.append((now, power))
        self._count += len(power)
        while self._is_old(now) and self._count - len(self._pieces[0][1]) >= _NOISE_LEAST:
            self._count -= len(self._pieces.popleft()[1])

    def _is_old(self, now: int) -> bool:
        return now - self._pieces[0][0] > _NOISE_CELLS

    @property
    def dbfs(self) -> float | None:
        """Their mean power, the loudest left out; None until there is a second of them."""
        if self._count < _NOISE_LEAST:
            return None
        power = np.sort(np.concatenate([piece for _, piece in self._pieces]))
        return float(dbfs(float(power[: round(len(power) * _NOISE_KEPT)].mean())))


class Floor:
    """How quiet it is between words: what the voice detector is to be given louder by."""

    def __init__(self) -> None:
        self._power = _Latest(_FLOOR_CELLS)

    def hear(self, power: NDArray[np.float32]) -> None:
        """Mean squares of the cells that have come."""
        self._power.add(power)

    @property
    def gain(self) -> float:
        """The detector hears no speech far below the level it was made for; with more gain noise would be speech."""
        if len(self._power) < _NOISE_LEAST:
            return 1.0
        floor = float(dbfs(float(np.percentile(self._power.values, _FLOOR_PERCENT))))
        return float(10 ** (min(max(_QUIET_DBFS - floor, 0.0), _MOST_GAIN_DB) / 20))


class _Latest:
    """The last so many values of a stream."""

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 0
        self._pieces: deque[NDArray[np.float32]] = deque()

    def add(self, values: NDArray[np.float32]) -> None:
        if not len(values):
            return
        self._pieces.append(values)
        self._count += len(values)
        while self._count - len(self._pieces[0]) >= self._most:
            self._count -= len(self._pieces.popleft())

    def clear(self) -> None:
        self._pieces.clear()
        self._count = 0

    @property
    def values(self) -> NDArray[np.float32]:
        return np.concatenate(self._pieces)[-self._most :] if self._pieces else np.empty(0, np.float32)

    def __len__(self) -> int:
        return min(self._count, self._most)


class Ear:
    """One channel, from the moment the day is opened. `noise_dbfs`: the room's, by its test recording, if there is."""

    def __init__(self, channel: int, thresholds: LiveThresholds) -> None:
        self._channel, self._limits = channel, thresholds
        self._speech, self._gaps = _Latest(_LEVEL_CELLS), _Gaps()
        self._noise_now: float | None = None
        self._clipped, self._active = _Latest(_CLIPPED_CELLS), _Latest(_CLIPPED_CELLS)
        self._carry_power, self._carry_speech = np.empty(0, np.float32), np.empty(0, np.bool_)
        self._now = 0
        self._dead_cells = self._zero_cells = 0
        self._heard_at: int | None = None
        self._began: dict[LiveCode, int] = {}
        self._dropouts: dict[int, tuple[int, float]] = {}
        self._drowned_since: int | None = None
        self.noise_dbfs: float | None = None

    def begin_take(self) -> None:
        """Another person sits there now: the level before says nothing of theirs."""
        self._speech.clear()
        self._clipped.clear()
        self._active.clear()
        self._drowned_since = None

    def hear(self, cells: Piece, own: NDArray[np.bool_], *, is_recording: bool) -> None:
        """`own`: the cells in which this channel's own voice speaks."""
        self._now += len(cells.power)
        self._note_life(cells)
        self._note_gaps(cells)
        if is_recording:
            self._speech.add(cells.power[own])
            self._clipped.add(cells.clipped.astype(np.float32))
            self._active.add(cells.speech.astype(np.float32) * cells.samples)

    def drop(self, fault: Fault, seconds: float) -> None:
        """A dropout was found in what has been heard. One that lasts is the microphone's silence."""
        if fault.channel != self._channel:
            return
        if seconds < self._limits.dead_warn_s:
            self._dropouts[fault.first_frame] = self._now, seconds
        else:
            self._dropouts.pop(fault.first_frame, None)

    def alarms(self, *, is_recording: bool) -> list[LiveAlarm]:
        """What stands now."""
        found = [*self._life(), *self._holes()]
        if is_recording:
            found += [*self._level(), *self._clipping(), *self._noise()]
        raised = {code for code, _, _ in found}
        self._began = {code: at for code, at in self._began.items() if code in raised}
        return [
            LiveAlarm(code, severity, self._channel, round(value, 2), self._ago_s(code))
            for code, severity, value in found
        ]

    def _ago_s(self, code: LiveCode) -> float:
        return round((self._now - self._began.setdefault(code, self._now)) * CELL_S, 2)

    def _ease(self, code: LiveCode) -> float:
        return _EASE_DB if code in self._began else 0.0

    # -- is it alive? --------------------------------------------------------------------------------------

    @property
    def _dead_below(self) -> float:
        """In a room that was as quiet in its test recording nobody would be told that the microphone is dead."""
        limits = self._limits
        if self.noise_dbfs is None:
            return limits.dead
        usual = max(limits.dead, self.noise_dbfs - limits.dead_below_noise)
        return min(usual, self.noise_dbfs - limits.dead_below_noise / 2)

    def _note_life(self, cells: Piece) -> None:
        self._dead_cells = _trailing(dbfs(cells.power) < self._dead_below, self._dead_cells)
        self._zero_cells = _trailing(cells.zeros, self._zero_cells)

    def _life(self) -> Iterator[tuple[LiveCode, Severity, float]]:
        limits, dead_s, zeros_s = self._limits, self._dead_cells * CELL_S, self._zero_cells * CELL_S
        is_standing = "silence" in self._began
        if dead_s >= limits.dead_red_s or zeros_s >= limits.zeros_red_s:
            self._heard_at = None
            yield "silence", "red", max(dead_s, zeros_s)
        elif dead_s >= limits.dead_warn_s:
            self._heard_at = None
            yield "silence", "warn", dead_s
        elif is_standing:
            self._heard_at = self._now if self._heard_at is None else self._heard_at
            if self._now - self._heard_at < _BACK_CELLS:
                yield "silence", "warn", dead_s

    # -- dropouts, clipping --------------------------------------------------------------------------------

    def _holes(self) -> Iterator[tuple[LiveCode, Severity, float]]:
        self._dropouts = {
            first: found for first, found in self._dropouts.items() if self._now - found[0] <= _DROPOUTS_CELLS
        }
        if self._dropouts:
            longest_s = max(seconds for _, seconds in self._dropouts.values())
            is_red = len(self._dropouts) >= self._limits.dropouts_red or longest_s >= self._limits.dropout_red_s
            yield "dropout", "red" if is_red else "warn", longest_s

    def _clipping(self) -> Iterator[tuple[LiveCode, Severity, float]]:
        clipped = float(self._clipped.values.sum())
        if clipped:
            share = 100 * clipped / max(1.0, float(self._active.values.sum()))
            yield "clipping", "red" if share > self._limits.clipped_red else "warn", share

    # -- level and noise -----------------------------------------------------------------------------------

    def _note_gaps(self, cells: Piece) -> None:
        """Piece that are far enough from speech; the latest wait until it is known what follows them."""
        power = np.concatenate([self._carry_power, cells.power])
        speech = np.concatenate([self._carry_speech, cells.speech])
        first, end = len(self._carry_power) - min(len(self._carry_power), _BEFORE), max(0, len(power) - _BEFORE)
        if end > first:
            self._gaps.add(self._now, power[first:end][~_near(speech)[first:end]])
            self._noise_now = self._gaps.dbfs
        self._carry_power, self._carry_speech = power[-_AFTER - _BEFORE :], speech[-_AFTER - _BEFORE :]

    @property
    def _active_dbfs(self) -> float | None:
        if len(self._speech) < _LEVEL_CELLS:
            return None
        noise = self._noise_now
        power = float(self._speech.values.mean()) - (10 ** (noise / 10) if noise is not None else 0.0)
        return float(dbfs(power))

    def _level(self) -> Iterator[tuple[LiveCode, Severity, float]]:
        level, limits = self._active_dbfs, self._limits
        if level is None:
            return
        if level < limits.level_low_warn + self._ease("level_low"):
            yield "level_low", "red" if level < limits.level_low_red else "warn", level
        if level > limits.level_high_warn - self._ease("level_high"):
            yield "level_high", "red" if level > limits.level_high_red else "warn", level

    def _noise(self) -> Iterator[tuple[LiveCode, Severity, float]]:
        noise, level, limits = self._noise_now, self._active_dbfs, self._limits
        if noise is None:
            return
        usual = limits.noise if self.noise_dbfs is None else self.noise_dbfs
        is_drowned = level is not None and level - noise < limits.snr_red
        self._drowned_since = (self._drowned_since or self._now) if is_drowned else None
        drowned_s = (self._now - self._drowned_since) * CELL_S if self._drowned_since is not None else 0.0
        above = noise - usual + self._ease("noise")
        if above > limits.noise_red or drowned_s >= limits.snr_red_s:
            yield "noise", "red", noise
        elif above > limits.noise_warn:
            yield "noise", "warn", noise


class Ears:
    """All channels of a room, and whether somebody speaks who should."""

    def __init__(self, channels: int, thresholds: LiveThresholds) -> None:
        self._limits = thresholds
        self._ears = [Ear(channel, thresholds) for channel in range(channels)]
        self._expecting: Expecting | None = None

    def expect_noise(self, dbfs_of: Sequence[float]) -> None:
        """The room's noise by its last test recording, one number a channel."""
        for ear, noise in zip(self._ears, dbfs_of, strict=False):
            ear.noise_dbfs = noise

    def begin_take(self, expecting: Expecting | None) -> None:
        """Another take is in hand, or none."""
        self._expecting = expecting
        for ear in self._ears:
            ear.begin_take()

    def hear(
        self, channels: Sequence[Piece], faults: Sequence[tuple[Fault, float]], task: int | None, *, is_recording: bool
    ) -> list[LiveAlarm]:
        """The cells of each channel that have come, and the dropouts in them with their seconds; what stands now."""
        for ear, cells in zip(self._ears, channels, strict=True):
            ear.hear(cells, _own(cells, channels), is_recording=is_recording)
            for fault, seconds in faults:
                ear.drop(fault, seconds)
        found = [alarm for ear in self._ears for alarm in ear.alarms(is_recording=is_recording)]
        if is_recording and self._expecting is not None:
            self._expecting.hear(np.logical_or.reduce([cells.speech for cells in channels]), task)
            found += self._absence(self._expecting.missing_s)
        return found

    def _absence(self, missing_s: float) -> Iterator[LiveAlarm]:
        if missing_s >= self._limits.no_speech_warn_s:
            severity: Severity = "red" if missing_s >= self._limits.no_speech_red_s else "warn"
            yield LiveAlarm("no_speech", severity, None, round(missing_s), round(missing_s, 2))


def _own(cells: Piece, channels: Sequence[Piece]) -> NDArray[np.bool_]:
    """Piece of speech in which no other channel is nearly as loud."""
    own = cells.speech
    for other in channels:
        if other is not cells:
            own = own & (cells.power > other.power * np.float32(10 ** (_OWN_DB / 10)))
    return own


def _near(speech: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Piece shortly before, within and after speech."""
    steps = np.zeros(len(speech) + 1, np.int32)
    places = np.flatnonzero(speech)
    np.add.at(steps, np.maximum(0, places - _BEFORE), 1)
    np.add.at(steps, np.minimum(len(speech), places + _AFTER + 1), -1)
    return np.cumsum(steps[:-1]) > 0


def _trailing(holds: NDArray[np.bool_], before: int) -> int:
    """For how many cells it has held without a break, up to the last one; `before`: up to the one before these."""
    breaks = np.flatnonzero(~holds)
    return len(holds) - 1 - int(breaks[-1]) if len(breaks) else before + len(holds)
