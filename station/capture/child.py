"""The capture process: records one microphone and writes what it hears to standard output.

Started by `microphone`; also lists the devices for `station devices`. Dies with its parent.

While the microphone is away it waits, looking for it several times a second. Once it has lost a microphone it ends:
PortAudio's own cleanup may hang, and a fresh process opens best.

Reads what has come eight times a second instead of being called back or blocking: one thread less, a hung device
hangs only this process, and the frames read until now, with the time, tell how late the sound is.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exam.clock import steady_ns
from exam.language import say
from station.capture import identity, wire
from station.capture.away import Away
from station.capture.outlet import Outlet
from station.capture.pulse import Server
from station.capture.spec import PULSE, Device, Spec

if TYPE_CHECKING:
    from station.capture.portaudio import Stream

_SOURCE = PULSE + ":"
_RETRY_S = 0.3
_WAKE_S = 0.12  # a kill loses what is not read yet, and it may lose 0.2 s
_SWEEP_S = 0.006  # so that readings meet the sound server's own rhythm at every phase, also just after its delivery
_GOLDEN = 0.618034
_EAGER_S = 0.005  # at a run's beginning, and while and after nothing came: when exactly it comes tells what was lost
_EAGER_WAKES = 80
_DRY_NS = 250_000_000
_OUT = 1
_PR_SET_PDEATHSIG = 1
_NO_SERVER = "unix:/nonexistent"


class _Microphone(NamedTuple):
    """An open microphone. `wait` passes the time and raises Away when another source takes its place."""

    stream: "Stream"
    wait: Callable[[float], None]
    name: str


def devices() -> list[Device]:
    """Every device that can record, then the sound server's sources. Raises Away when the sound system fails."""
    found = [Device(name, identity.identity(name), channels, rate) for name, channels, rate in _portaudio().devices()]
    rates = [device.sample_rate for device in found if device.name == PULSE]
    if not rates:
        return found
    try:
        server = Server()
    except Away:
        return found
    sources = server.sources()
    server.close()
    return found + [Device(PULSE, _SOURCE + source.name, source.channels, rates[0]) for source in sources]


def capture(spec: Spec, outlet: Outlet) -> None:
    """Wait for the microphone and record it; returns, having said why, when it is lost."""
    opened = _await(spec, outlet)
    outlet.say(wire.pack_opened(opened.name))
    try:
        _record(opened, outlet)
    except Away as away:
        outlet.say(wire.pack_lost(away.code, str(away)))
        outlet.finish()


def _await(spec: Spec, outlet: Outlet) -> _Microphone:
    is_card = identity.is_card(spec.device)
    if is_card:
        os.environ["PULSE_SERVER"] = _NO_SERVER  # a desktop's hung sound server must not hang PortAudio
    is_source = spec.device == PULSE or spec.device.startswith(_SOURCE)
    open_ = _open_card if is_card else _open_source if is_source else _open_named
    while True:
        try:
            return open_(spec)
        except Away as away:
            outlet.say(wire.pack_lost(away.code, str(away)))
        time.sleep(_RETRY_S)


def _open_card(spec: Spec) -> _Microphone:
    name = identity.name_today(spec.device)
    if name is None:
        raise Away(
            say(
                f"«{spec.device}» не подключён или не единственный такой",
                f"“{spec.device}” is not plugged in, or not the only one of its kind",
            )
        )
    return _Microphone(_portaudio().opened(name, spec, is_card=True), time.sleep, spec.device)


def _open_source(spec: Spec) -> _Microphone:
    server = Server()
    try:
        is_source = spec.device.startswith(_SOURCE)
        wanted = (spec.device if is_source else spec.bound).removeprefix(_SOURCE) or server.default()
        server.demand(wanted)
        os.environ["PULSE_SOURCE"] = wanted
        stream = _portaudio().opened(PULSE if is_source else spec.device, spec, is_card=False)
        server.follow(wanted)
    except Away:
        server.close()
        raise
    return _Microphone(stream, server.wait, _SOURCE + wanted)


def _open_named(spec: Spec) -> _Microphone:
    """A device of ALSA's own configuration: what stands behind it is watched if it is the sound server here."""
    stream = _portaudio().opened(spec.device, spec, is_card=False)
    try:
        server = Server()
    except Away:
        return _Microphone(stream, time.sleep, spec.device)
    if server.follow(None):
        return _Microphone(stream, server.wait, spec.device)
    server.close()
    return _Microphone(stream, time.sleep, spec.device)


def _portaudio() -> ModuleType:
    """PortAudio, knowing the devices of now. Imported late, because that opens every device and can hang."""
    is_stale = "station.capture.portaudio" in sys.modules
    from station.capture import portaudio  # noqa: PLC0415 - see above

    if is_stale:
        portaudio.renew()
    return portaudio


def _record(microphone: _Microphone, outlet: Outlet) -> None:
    frame = wakes = 0
    eager, came_ns = _EAGER_WAKES, steady_ns()
    while True:
        wakes, eager = wakes + 1, eager - 1
        microphone.wait(_EAGER_S if eager > 0 else _WAKE_S + _SWEEP_S * (wakes * _GOLDEN % 1))
        pieces = microphone.stream.take()
        microphone.wait(0)  # after reading, before passing it on
        now = steady_ns()
        if now - came_ns > _DRY_NS or any(piece.overflow for piece in pieces):
            eager = _EAGER_WAKES
        if pieces:
            came_ns = now
        for piece in pieces:
            outlet.send(wire.pack_block(piece.sound, frame, piece.at_ns, piece.left, piece.overflow))
            frame += piece.frames


def main() -> None:
    """`child.py SPEC-AS-JSON` records; without an argument the devices are listed as JSON."""
    if len(sys.argv) == 1:
        print(json.dumps([msgspec.to_builtins(device) for device in devices()]))  # noqa: T201 - the answer
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c in a terminal: the station ends us when it has sealed the day
    with contextlib.suppress(BrokenPipeError):
        capture(msgspec.json.decode(sys.argv[1], type=Spec), Outlet(_OUT))
    os._exit(0)  # PortAudio's own cleanup can hang for ever on a dead sound server


if __name__ == "__main__":
    main()
