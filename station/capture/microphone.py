"""The station's side of capture: keeps a child process recording one microphone and turns its packets into Blocks.

Used by the recorder's thread alone; nothing here waits. A child that ends, or is silent for too long, is replaced;
the device is never replaced by another.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from exam.clock import NS_PER_S, Clock
from exam.errors import Fatal
from exam.language import say
from station.capture import wire
from station.capture.spec import Device, Spec
from station.messages import Block, CaptureLost

_REOPEN_AFTER_NS = NS_PER_S // 2
_GIVE_UP_AFTER_NS = 10 * NS_PER_S  # a stream that is only late still has its sound queued: tearing down would lose it
_PIPE_BYTES = 1 << 20  # ten seconds of sound; what does not fit waits in the child
_READ_BYTES = 1 << 15  # several blocks; a larger buffer would be mapped anew for every read
_LIST_TIMEOUT_S = 20.0
_CHILD = "station.capture.child"
_NOTHING = -1


class Microphone:
    """One microphone, kept open by `tend` until `close`."""

    def __init__(self, spec: Spec, clock: Clock) -> None:
        self._spec, self._clock = spec, clock
        self._child: subprocess.Popen[bytes] | None = None
        self._unpacker = wire.Unpacker()
        self._run = 0
        self._pipe = _NOTHING
        self._due_ns = 0  # when to reopen, or, while a child runs, when to give it up

    def fileno(self) -> int:
        """The pipe to wait on; -1 while no child runs."""
        return self._pipe

    def tend(self) -> Sequence[CaptureLost]:
        """Open the microphone when it is due; give up a child that has been silent for too long."""
        if self._clock.monotonic_ns() < self._due_ns:
            return ()
        if self._child is None:
            self._open()
            return ()
        return (self._lose(say("звук перестал поступать", "sound stopped coming")),)

    def receive(self) -> Sequence[Block | CaptureLost]:
        """What the child has said; never waits."""
        try:
            piece = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return ()
        if not piece:
            return (self._lose(say("программа захвата звука завершилась", "the capture process ended")),)
        heard: list[Block | CaptureLost] = []
        for packet in self._unpacker.feed(piece):
            if packet.kind is wire.Kind.BLOCK:
                heard.append(self._block(packet))
            elif packet.kind is wire.Kind.FAILED:
                return (*heard, self._lose(packet.body.decode(errors="replace")))
        return heard

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._child.stdout is not None:
            self._child.kill()
            self._child.stdout.close()
            self._child.poll()  # not waited for: a driver may hold it, and it is dead to us
        self._child, self._pipe = None, _NOTHING

    def _open(self) -> None:
        command = [sys.executable, "-m", _CHILD, msgspec.json.encode(self._spec).decode()]
        # ALSA complains on stderr at every attempt; what matters comes as a packet.
        self._child = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if self._child.stdout is None:
            raise ValueError("the capture child has no pipe")
        self._pipe = self._child.stdout.fileno()
        os.set_blocking(self._pipe, False)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._unpacker = wire.Unpacker()
        self._run += 1
        self._due_ns = self._clock.monotonic_ns() + _GIVE_UP_AFTER_NS

    def _block(self, packet: wire.Packet) -> Block:
        self._due_ns = packet.monotonic_ns + _GIVE_UP_AFTER_NS
        return Block(self._run, packet.first_frame, packet.monotonic_ns, packet.overflow, packet.body)

    def _lose(self, text: str) -> CaptureLost:
        self.close()
        self._due_ns = self._clock.monotonic_ns() + _REOPEN_AFTER_NS
        return CaptureLost(self._run, text)


def devices() -> list[Device]:
    """What can be recorded from, asked of a fresh child: a hung sound server hangs only that.

    Raises Fatal when the sound system does not answer.
    """
    try:
        answer = subprocess.run(
            [sys.executable, "-m", _CHILD], capture_output=True, timeout=_LIST_TIMEOUT_S, check=True
        )
        return msgspec.json.decode(answer.stdout, type=list[Device])
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        stderr = getattr(error, "stderr", b"") or b""
        last = stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise Fatal(
            f"Звуковая система не отвечает. Проверьте libportaudio2 и звуковую службу. {last}",
            f"The sound system does not answer. Check libportaudio2 and the sound service. {last}",
            code="no_sound_system",
        ) from error
