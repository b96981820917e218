"""The capture process: opens one microphone by its exact name and writes what it hears to standard output.

Started by `microphone`; also lists the devices for `station devices`. Ends when the pipe breaks.
"""

import json
import os
import queue
import sys
import time
from typing import Any

import msgspec
import sounddevice

from exam.audio import AudioFormat
from exam.language import say
from station.capture import wire
from station.capture.spec import BLOCK_S, Device, Spec

_LATENCY_S = 0.2  # through PulseAudio a longer one arrives in bursts; its own queue behind us is deep anyway
_ALIVE_EVERY_S = 1.0
_QUEUE_BLOCKS = 600  # a minute of blocks, should the station stand still


def devices() -> list[Device]:
    """Every device that can record, as PortAudio names it."""
    found = []
    for device in sounddevice.query_devices():
        if device["max_input_channels"] > 0:
            rate, channels = round(device["default_samplerate"]), device["max_input_channels"]
            found.append(Device(device["name"], channels, rate))
    return found


def capture(spec: Spec) -> None:
    """Record `spec` until the pipe breaks; says FAILED and returns when the device cannot be opened."""
    blocks: queue.Queue[bytes] = queue.Queue(_QUEUE_BLOCKS)
    out = sys.stdout.buffer
    try:
        stream = _open(spec, blocks)
    except (sounddevice.PortAudioError, ValueError) as error:
        out.write(wire.pack(wire.Kind.FAILED, str(error).encode()))
        out.flush()
        return
    out.write(wire.pack(wire.Kind.OPENED, spec.device.encode()))
    out.flush()
    with stream:
        while True:
            try:
                out.write(blocks.get(timeout=_ALIVE_EVERY_S))
            except queue.Empty:
                out.write(wire.pack(wire.Kind.ALIVE))
            out.flush()


def _open(spec: Spec, blocks: "queue.Queue[bytes]") -> sounddevice.RawInputStream:
    names = [device.name for device in devices()]
    if spec.device not in names:
        listed = ", ".join(f"«{name}»" for name in names) or say("ни одного", "none")
        raise ValueError(say(f"такого устройства нет; есть: {listed}", f"no such device; there are: {listed}"))
    frames = 0
    frame_bytes = AudioFormat(spec.sample_rate, spec.channels).frame_bytes

    def take(sound: Any, count: int, _time: object, status: sounddevice.CallbackFlags) -> None:
        nonlocal frames
        packet = wire.pack(
            wire.Kind.BLOCK,
            bytes(sound[: count * frame_bytes]),
            first_frame=frames,
            monotonic_ns=time.monotonic_ns(),
            overflow=status.input_overflow,
        )
        frames += count
        try:
            blocks.put_nowait(packet)
        except queue.Full:
            return  # the jump of first_frame in the next packet tells how much

    return sounddevice.RawInputStream(
        samplerate=spec.sample_rate,
        blocksize=round(spec.sample_rate * BLOCK_S),
        device=spec.device,
        channels=spec.channels,
        dtype="int16",
        latency=_LATENCY_S,
        callback=take,
    )


def main() -> None:
    """`child.py SPEC-AS-JSON` records; without an argument the devices are listed as JSON."""
    try:
        if len(sys.argv) > 1:
            capture(msgspec.json.decode(sys.argv[1], type=Spec))
        else:
            print(json.dumps([msgspec.to_builtins(device) for device in devices()]))  # noqa: T201 - the answer
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)  # PortAudio's own cleanup can hang for ever on a dead sound server


if __name__ == "__main__":
    main()
