"""PortAudio: the only place that imports sounddevice, and its errors end here.

Importing it opens every device once, and that may hang on a dead sound server: only the capture child does it.
"""

import ctypes
from typing import NamedTuple

import sounddevice

from exam.clock import steady_ns
from exam.language import say
from station.capture.away import Away
from station.capture.spec import Spec

_SERVER_PERIOD_S = 0.05
_CARD_PERIOD_S = 0.02  # a card tells of what it captured once a period: so much, and again so much, a kill loses
_MOST_S = 0.2  # read at once
_MOST_PIECES = 64  # after a stall, before they are passed on
_SERVER_LATENCY_S = 0.2  # through PulseAudio a longer one arrives in bursts; its own queue behind us is deep anyway
_CARD_LATENCY_S = 2.0  # a card's ring is all there is: it bounds how long this process may be kept from reading


class Piece(NamedTuple):
    """Captured frames; `overflow`: PortAudio says that some were lost before them.

    `at_ns`, monotonic: these and `left` frames more had been captured.
    """

    sound: bytes
    frames: int
    overflow: bool
    left: int
    at_ns: int


class Stream:
    """One open microphone. Raises Away when it cannot be opened, or fails."""

    def __init__(self, device: int, spec: Spec, latency_s: float, period_s: float) -> None:
        self._period = round(spec.sample_rate * period_s)
        self._most = round(spec.sample_rate * _MOST_S)
        try:
            self._stream = sounddevice.RawInputStream(
                samplerate=spec.sample_rate,
                blocksize=self._period,
                device=device,
                channels=spec.channels,
                dtype="int16",
                latency=latency_s,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise _failed(error) from error

    def take(self) -> list[Piece]:
        """What was captured since the last time, but for less than a period.

        Less is not asked for, as PortAudio would wait for a period to be full, and the device may be dead.
        """
        pieces: list[Piece] = []
        try:
            while len(pieces) < _MOST_PIECES:
                available = self._stream.read_available  # of a long queue not all: it tells what ALSA's buffer holds
                if available < self._period:
                    break
                now, frames = steady_ns(), min(available, self._most)
                sound, overflow = self._stream.read(frames)
                pieces.append(Piece(bytes(sound), frames, overflow, available - frames, now))
                if frames < self._most:
                    break
        except sounddevice.PortAudioError as error:
            raise _failed(error) from error
        return pieces


def devices() -> list[tuple[str, int, int]]:
    """Name, channels and rate of every device that can record."""
    return [(name, channels, rate) for _, name, channels, rate in _inputs()]


def renew() -> None:
    """Look at the devices anew: PortAudio knows only those that were there when it was initialised. Raises Away."""
    try:
        sounddevice._terminate()  # noqa: SLF001 - sounddevice documents this pair as the way, and has no other
        sounddevice._initialize()  # noqa: SLF001
    except sounddevice.PortAudioError as error:
        raise _failed(error) from error


def opened(name: str, spec: Spec, *, is_card: bool) -> Stream:
    """The device whose name is, or for a card ends in, `name`, recording. Raises Away."""
    known = _inputs()
    for number, candidate, *_ in known:
        if candidate == name or (is_card and candidate.endswith(name)):
            return _card(number, spec) if is_card else Stream(number, spec, _SERVER_LATENCY_S, _SERVER_PERIOD_S)
    listed = ", ".join(f"«{candidate}»" for _, candidate, *_ in known) or say("ни одного", "none")
    raise Away(
        say(f"устройства «{spec.device}» нет; есть: {listed}", f"no device “{spec.device}”; there are: {listed}")
    )


def _card(number: int, spec: Spec) -> Stream:
    """Its ring long, its period short: PortAudio would divide any ring by four, and half a second be lost by a kill."""
    most = 2 * round(_CARD_LATENCY_S / _CARD_PERIOD_S)  # else PortAudio rounds the period up; the block bounds it below
    ctypes.CDLL(sounddevice._libname).PaAlsa_SetNumPeriods(most)  # noqa: SLF001 - sounddevice does not pass it on
    return Stream(number, spec, _CARD_LATENCY_S, _CARD_PERIOD_S)


def _inputs() -> list[tuple[int, str, int, int]]:
    try:
        return [
            (number, device["name"], device["max_input_channels"], round(device["default_samplerate"]))
            for number, device in enumerate(sounddevice.query_devices())
            if device["max_input_channels"] > 0
        ]
    except sounddevice.PortAudioError as error:
        raise _failed(error) from error


def _failed(error: Exception) -> Away:
    """Why the device cannot be recorded, for a person; PortAudio's words and number follow."""
    return Away(say(f"не открывается или отказал ({error})", f"cannot be opened or failed ({error})"))
