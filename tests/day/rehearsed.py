"""Rooms to be rehearsed in: what their microphone hears in silence, and two people who speak when they are asked to."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rig import speech
from rig.sound import Microphone, Playback, SoundServer
from showing.school import BIN, School

from exam.errors import ExamError
from station import client

RATE = 48000
_SEATS = {"interlocutor": "woman", "participant": "man"}
_SPOKEN_S = 14.0
_NOISE_S = 90.0
_WAIT_S = 120.0
_POLL_S = 0.05
_FULL = 32768.0

Sound = NDArray[np.float64]
"""Mono samples, 1.0 is full scale."""


@dataclass(frozen=True)
class Place:
    """Levels in dBFS: of each person's voice at the microphone, of a fan, of mains hum; None where there is none.

    `muted`: the microphone delivers digital zeros.
    """

    interlocutor: float = -25.0
    participant: float = -25.0
    quiet: float = -66.0
    fan: float | None = None
    hum: float | None = None
    muted: bool = False

    def silence(self) -> NDArray[np.int16]:
        """What is heard when nobody speaks."""
        random = np.random.default_rng(20)
        heard = _at(random.normal(size=round(_NOISE_S * RATE)), self.quiet)
        if self.fan is not None:
            heard += _at(_rumble(random), self.fan)
        if self.hum is not None:
            heard += _at(_mains(), self.hum)
        return _samples(heard)

    def voice(self, seat: str) -> NDArray[np.int16]:
        """What whoever sits there says, without the room's noise."""
        phrases = speech.voices()[_SEATS[seat]]
        said: list[Sound] = []
        while sum(map(len, said)) < _SPOKEN_S * RATE:
            said += [phrases[len(said) % len(phrases)] / _FULL, np.zeros(RATE // 8)]
        return _samples(_at(np.concatenate(said), getattr(self, seat)))


def _at(sound: Sound, dbfs: float) -> Sound:
    levelled: Sound = sound * 10 ** (dbfs / 20) / np.sqrt(np.mean(sound**2))
    return levelled


def _rumble(random: np.random.Generator) -> Sound:
    """A fan: noise that falls by 6 dB an octave above 100 Hz."""
    length = round(_NOISE_S * RATE)
    spectrum = np.fft.rfft(random.normal(size=length))
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    return np.fft.irfft(spectrum / np.maximum(frequency, 100.0), length)


def _mains() -> Sound:
    seconds = np.arange(round(_NOISE_S * RATE)) / RATE
    return sum((np.sin(2 * np.pi * 50 * k * seconds) / k for k in (1, 2, 3, 4, 6)), np.zeros(len(seconds)))


def _samples(sound: Sound) -> NDArray[np.int16]:
    return np.clip(np.rint(sound * _FULL), -32768, 32767).astype(np.int16)


class Rehearsal:
    """`station rehearse` in a place; whoever sits there speaks when it is their turn, as the daemon's status tells."""

    def __init__(self, school: School, server: SoundServer, microphone: Microphone, place: Place) -> None:
        self._school, self._server, self._microphone, self._place = school, server, microphone, place
        self._socket = Path(school.environment["RUNTIME_DIRECTORY"]) / "control.sock"
        self.seen: list[tuple[str, bool]] = []

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command with these words to its end."""
        environment = os.environ | dict(self._school.environment) | dict(self._server.environment_for(self._microphone))
        noise = None if self._place.muted else self._server.play(self._place.silence(), self._microphone)
        command = [BIN / "station", "rehearse", *words]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as made:
            try:
                self._attend(made)
                out, error = made.communicate(timeout=_WAIT_S)
            finally:
                if made.poll() is None:
                    made.terminate()
                if noise is not None:
                    noise.stop()
        return subprocess.CompletedProcess(command, made.returncode, out, error)

    def status(self) -> dict[str, Any]:
        return client.ask(self._socket, "status")

    def _attend(self, made: "subprocess.Popen[str]") -> None:
        """Sit there, and speak when asked to."""
        speaking: Playback | None = None
        deadline = time.monotonic() + _WAIT_S
        while made.poll() is None and time.monotonic() < deadline:
            step = self._step()
            now = (step["step"], step["listening"]) if step is not None else None
            if now is not None and now not in self.seen:
                self.seen.append(now)
                if speaking is not None:
                    speaking.stop()
                    speaking = None
                if now[1] and now[0] in _SEATS and not self._place.muted:
                    speaking = self._server.play(self._place.voice(now[0]), self._microphone)
            if now is None and len(self.seen) == 6:
                break
            time.sleep(_POLL_S)
        if speaking is not None:
            speaking.stop()

    def _step(self) -> Mapping[str, Any] | None:
        try:
            told = self.status()["rehearsal"]
        except ExamError:
            return None
        step: Mapping[str, Any] | None = told and told["running"]
        return step


def verdict_in(path: Path) -> dict[str, Any]:
    """The verdict of a test recording's manifest."""
    verdict: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["verdict"]
    return verdict
