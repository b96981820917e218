"""The station's side of capture: keeps a child process recording one microphone and turns its packets into Blocks.

Used by the recorder's thread alone; nothing here waits. The child itself waits for a microphone that is away; one
that ends, hangs or is silent for too long is replaced. The device is never replaced by another.
"""

import fcntl
import os
import select
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

_RESPAWN_NS = 2 * NS_PER_S  # processes are started no more often than this
_HUNG_AFTER_NS = 3 * NS_PER_S  # a child that waits says so several times a second
_MOST_PATIENCE_NS = 48 * NS_PER_S  # doubled with each child that hung: a slow computer only needs longer to begin
_STALLED_AFTER_NS = 6 * NS_PER_S // 5
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
        self._respawn_ns = self._heard_ns = 0
        self._patience_ns = _HUNG_AFTER_NS
        self._is_open = self._is_stalled = False
        self._told: tuple[str, str] | None = None  # code and text of the last loss, until the microphone is open again

    def fileno(self) -> int:
        """The pipe to wait on; -1 while no child runs."""
        return self._pipe

    def tend(self) -> Sequence[CaptureLost]:
        """Start a child when one is due; notice one that is silent, and in the end give it up."""
        now = self._clock.monotonic_ns()
        if self._child is None:
            if now >= self._respawn_ns:
                self._spawn(now)
            return ()
        silent_ns = now - self._heard_ns
        if silent_ns < _STALLED_AFTER_NS or self._has_more():
            return ()
        if not self._is_open:
            return self._give_up_opening() if silent_ns > self._patience_ns else ()
        if silent_ns > _GIVE_UP_AFTER_NS:
            return self._abandon()
        if self._is_stalled:
            return ()
        self._is_stalled = True
        return (CaptureLost(self._run, say("звук не поступает", "no sound comes"), "device_stalled"),)

    def receive(self) -> Sequence[Block | CaptureLost]:
        """What the child has said; never waits."""
        try:
            piece = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return ()
        if not piece:
            self.close()
            if self._told is not None:
                return ()  # it ends after it has said why
            return self._lose("device_lost", say("программа захвата звука завершилась", "the capture process ended"))
        self._heard_ns = self._clock.monotonic_ns()
        heard: list[Block | CaptureLost] = []
        for packet in self._unpacker.feed(piece):
            if packet.kind is wire.Kind.BLOCK:
                self._is_stalled = False
                heard.append(self._block(packet))
            elif packet.kind is wire.Kind.LOST:
                heard += self._lose(*wire.loss(packet))
            else:
                self._begin(packet)
        return heard

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._child.stdout is not None:
            self._child.kill()
            self._child.stdout.close()
            self._child.poll()  # not waited for: a driver may hold it, and it is dead to us
        self._child, self._pipe = None, _NOTHING

    def _spawn(self, now_ns: int) -> None:
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
        self._is_open = self._is_stalled = False
        self._heard_ns, self._respawn_ns = now_ns, now_ns + _RESPAWN_NS

    def _begin(self, packet: wire.Packet) -> None:
        """The child has opened the microphone; the next one, should it come to that, opens the same."""
        self._run += 1
        self._is_open, self._told, self._patience_ns = True, None, _HUNG_AFTER_NS
        self._spec = msgspec.structs.replace(self._spec, bound=packet.body.decode())

    def _block(self, packet: wire.Packet) -> Block:
        return Block(
            self._run, packet.first_frame, packet.monotonic_ns, packet.overflow, packet.body, beyond=packet.beyond
        )

    def _has_more(self) -> bool:
        """Whether the child has said what was not read yet: then it was this process that was silent."""
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        return bool(waiting.poll(0))

    def _give_up_opening(self) -> Sequence[CaptureLost]:
        self._patience_ns = min(2 * self._patience_ns, _MOST_PATIENCE_NS)
        return self._abandon()

    def _abandon(self) -> Sequence[CaptureLost]:
        self.close()
        return self._lose("device_lost", say("звуковая система не отвечает", "the sound system does not answer"))

    def _lose(self, code: str, text: str) -> Sequence[CaptureLost]:
        """Say a loss once: a child waits for the same reason for hours."""
        self._is_open = False
        if (code, text) == self._told:
            return ()
        self._told = (code, text)
        return (CaptureLost(self._run, text, code),)


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
