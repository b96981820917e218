"""The end of the stream, as it comes: sound becomes cells for `audibility.live`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exam.audio import Gap
from station.audibility.cells import FULL_SCALE
from station.audibility.clipping import clipped
from station.audibility.expecting import Expecting
from station.audibility.faults import Faults
from station.audibility.findings import LiveAlarm
from station.audibility.live import Ears, Floor, Piece
from station.audibility.track import CELL_S
from station.listening.reading import Tapes
from station.messages import Heard
from station.situation import Setting, Situation, TakeSituation
from station.voice import FRAME_S, Voice

_LATE_S = 10.0  # sound older than this is not live any more
_VOICED_CELLS = round(FRAME_S / CELL_S)


class Live:
    """Told of each situation in turn."""

    def __init__(self, setting: Setting, tapes: Tapes) -> None:
        self._shape, self._tapes = setting.shape, tapes
        self._cell = round(setting.shape.sample_rate * CELL_S)
        self._ears = Ears(setting.shape.channels, setting.thresholds.live)
        self._voices = [Voice(setting.shape.sample_rate) for _ in range(setting.shape.channels)]
        self._floors = [Floor() for _ in self._voices]
        self._faults = Faults(setting.shape)
        self._file: str | None = None
        self._at = 0
        self._current: str | None = None
        self._standing: Sequence[LiveAlarm] = ()

    def look(self, situation: Situation) -> Heard | None:
        """Hear what has come since the last situation; what stands, if that has changed. Raises as the disk does."""
        before = self._standing
        self._follow(situation)
        if situation.file is None:
            self._standing = ()
        elif len(sound := self._read(situation)):
            self._standing = self._hear(sound, situation)
        return None if _kinds(self._standing) == _kinds(before) else Heard(tuple(self._standing))

    def _follow(self, situation: Situation) -> None:
        late = self._shape.frames(_LATE_S)
        if situation.file != self._file:
            self._file, self._at = situation.file, 0
        if situation.frames - self._at > late:
            self._at = situation.frames
        self._ears.expect_noise(situation.noise_dbfs)
        if situation.current != self._current:
            self._current, take = situation.current, _current(situation)
            self._ears.begin_take(Expecting(take.tasks, extended=take.extended) if take else None)

    def _read(self, situation: Situation) -> NDArray[np.int16]:
        """What has come and is no gap, in whole pieces that the voice detector takes."""
        piece = self._cell * _VOICED_CELLS
        first, frames = self._at, (situation.frames - self._at) // piece * piece
        if frames <= 0:
            return np.empty((0, self._shape.channels), np.int16)
        sound = self._tapes.read(Path(situation.folder, str(situation.file)), first, frames)
        self._at += len(sound)
        heard = _without(sound, first, situation.gaps)
        return heard[: len(heard) // piece * piece]

    def _hear(self, sound: NDArray[np.int16], situation: Situation) -> Sequence[LiveAlarm]:
        channels = [
            self._piece(sound[:, channel], voice, floor)
            for channel, (voice, floor) in enumerate(zip(self._voices, self._floors, strict=True))
        ]
        take = _current(situation)
        task = take.marks[-1][0] if take is not None and take.marks else None
        faults = [(fault, self._shape.seconds(fault.frames)) for fault in self._faults.take(sound)]
        return self._ears.hear(channels, faults, task, is_recording=take is not None)

    def _piece(self, sound: NDArray[np.int16], voice: Voice, floor: Floor) -> Piece:
        mono = np.ascontiguousarray(sound)
        cells = mono.reshape(-1, self._cell)
        exact = cells.astype(np.float32) / np.float32(FULL_SCALE)
        mean = exact.mean(axis=1)
        power = np.einsum("ij,ij->i", exact, exact) / np.float32(self._cell) - mean * mean
        floor.hear(power)
        speech = _fitted(np.repeat(voice.speech(_louder(mono, floor.gain)), _VOICED_CELLS), len(power))
        full = clipped(mono[:, None]).reshape(cells.shape).sum(axis=1, dtype=np.uint16)
        return Piece(np.maximum(power, 0), speech, full, np.all(cells == 0, axis=1), self._cell)


def _louder(mono: NDArray[np.int16], gain: float) -> NDArray[np.int16]:
    return np.clip(mono * np.float32(gain), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16) if gain > 1 else mono


def _fitted(speech: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    """Where 10 ms are no whole number of frames, now and then an answer is a cell short."""
    return np.pad(speech[:cells], (0, max(0, cells - len(speech))))


def _current(situation: Situation) -> TakeSituation | None:
    return next((take for take in situation.takes if take.stem == situation.current), None)


def _without(sound: NDArray[np.int16], first: int, gaps: Sequence[Gap]) -> NDArray[np.int16]:
    """The sound that was captured."""
    within = [gap for gap in gaps if gap.end > first and gap.first_frame < first + len(sound)]
    if not within:
        return sound
    is_heard = np.ones(len(sound), np.bool_)
    for gap in within:
        is_heard[max(0, gap.first_frame - first) : gap.end - first] = False
    return sound[is_heard]


def _kinds(alarms: Sequence[LiveAlarm]) -> set[tuple[str, str, int | None]]:
    return {(alarm.code, alarm.severity, alarm.channel) for alarm in alarms}
