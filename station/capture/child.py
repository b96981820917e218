"""The capture process: opens one microphone by its exact name and writes what it hears to standard output.

Started by `microphone`; also lists the devices for `station devices`. Dies with its parent.

Reads PortAudio in its blocking way: one thread less than a callback, and a device that hangs, hangs only this
process, which the parent then kills.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections import deque

import msgspec
import sounddevice

from exam.audio import AudioFormat
from exam.language import say
from station.capture import wire
from station.capture.spec import BLOCK_S, Device, Spec

_LATENCY_S = 0.2  # through PulseAudio a longer one arrives in bursts; its own queue behind us is deep anyway
_BACKLOG_BYTES = 1 << 24  # over a minute of two channels, should the station stand still
_OUT = 1
_PR_SET_PDEATHSIG = 1


class Outlet:
    """Packets to the pipe, never waiting for its reader: what does not fit is kept and sent later, in order."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._backlog: deque[memoryview] = deque()
        self._waiting = 0
        os.set_blocking(descriptor, False)

    def send(self, packet: bytes) -> None:
        """Send or keep a packet; one too many is dropped whole, and the next one's frame number tells."""
        if self._waiting + len(packet) > _BACKLOG_BYTES:
            return
        self._backlog.append(memoryview(packet))
        self._waiting += len(packet)
        try:
            while self._backlog:
                self._write_oldest()
        except BlockingIOError:
            return

    def _write_oldest(self) -> None:
        packet = self._backlog[0]
        written = os.write(self._descriptor, packet)
        self._waiting -= written
        if written < len(packet):
            self._backlog[0] = packet[written:]
        else:
            self._backlog.popleft()


def devices() -> list[Device]:
    """Every device that can record, as PortAudio names it."""
    return [
        Device(device["name"], device["max_input_channels"], round(device["default_samplerate"]))
        for device in sounddevice.query_devices()
        if device["max_input_channels"] > 0
    ]


def capture(spec: Spec, outlet: Outlet) -> None:
    """Record `spec` for ever; says FAILED and returns when the device cannot be opened or fails."""
    try:
        with _open(spec) as stream:
            outlet.send(wire.pack(wire.Kind.OPENED, spec.device.encode()))
            _record(stream, AudioFormat(spec.sample_rate, spec.channels).frames(BLOCK_S), outlet)
    except (sounddevice.PortAudioError, ValueError) as error:
        outlet.send(wire.pack(wire.Kind.FAILED, _reason(error).encode()))


def _reason(error: Exception) -> str:
    """Why the device cannot be recorded, for a person; PortAudio's words and number follow."""
    if isinstance(error, sounddevice.PortAudioError):
        return say(f"не открывается или отказал ({error})", f"cannot be opened or failed ({error})")
    return str(error)


def _record(stream: sounddevice.RawInputStream, block_frames: int, outlet: Outlet) -> None:
    first_frame = 0
    while True:
        sound, overflow = stream.read(block_frames)
        now = time.monotonic_ns()
        body = bytes(sound)
        outlet.send(wire.pack(wire.Kind.BLOCK, body, first_frame=first_frame, monotonic_ns=now, overflow=overflow))
        first_frame += block_frames


def _open(spec: Spec) -> sounddevice.RawInputStream:
    names = [device.name for device in devices()]
    if spec.device not in names:
        listed = ", ".join(f"«{name}»" for name in names) or say("ни одного", "none")
        raise ValueError(
            say(f"устройства «{spec.device}» нет; есть: {listed}", f"no device “{spec.device}”; there are: {listed}")
        )
    return sounddevice.RawInputStream(
        samplerate=spec.sample_rate,
        blocksize=round(spec.sample_rate * BLOCK_S),
        device=spec.device,
        channels=spec.channels,
        dtype="int16",
        latency=_LATENCY_S,
    )


def main() -> None:
    """`child.py SPEC-AS-JSON` records; without an argument the devices are listed as JSON."""
    if len(sys.argv) == 1:
        print(json.dumps([msgspec.to_builtins(device) for device in devices()]))  # noqa: T201 - the answer
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    outlet = Outlet(_OUT)
    try:
        capture(msgspec.json.decode(sys.argv[1], type=Spec), outlet)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)  # PortAudio's own cleanup can hang for ever on a dead sound server


if __name__ == "__main__":
    main()
