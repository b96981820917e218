"""The station's side of capture: keeps a child process recording one microphone and posts Blocks to the recorder.

A child that ends, or is silent for too long, is replaced; the device is never replaced by another.
"""

import fcntl
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import RawIOBase
from typing import cast

import msgspec

from exam.errors import Fatal
from exam.language import say
from station.capture import wire
from station.capture.spec import Device, Spec
from station.messages import Block, CaptureLost

_REOPEN_AFTER_S = 0.5
_GIVE_UP_AFTER_S = 10.0  # a stream that is only late still has its sound queued: tearing it down would lose it
_PIPE_BYTES = 1 << 20  # ten seconds of sound, should the station stand still
_POLL_MS = 1000
_LIST_TIMEOUT_S = 20.0
_CHILD = "station.capture.child"

Post = Callable[[Block | CaptureLost], None]


class Microphone:
    """One microphone, kept open on a thread of its own from `start` to `stop`."""

    def __init__(self, spec: Spec, post: Post) -> None:
        self._spec, self._post = spec, post
        self._run = 0
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_open, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the child and the thread."""
        self._stopping.set()
        if self._child is not None:
            self._child.kill()
        self._thread.join()

    def _keep_open(self) -> None:
        while not self._stopping.is_set():
            self._run += 1
            text = self._record()
            if not self._stopping.is_set():
                self._post(CaptureLost(self._run, text))
                self._stopping.wait(_REOPEN_AFTER_S)

    def _record(self) -> str:
        """One run, from opening to loss; why it ended."""
        command = [sys.executable, "-m", _CHILD, msgspec.json.encode(self._spec).decode()]
        with subprocess.Popen(command, bufsize=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
            self._child = child
            try:
                return self._listen(cast(RawIOBase, child.stdout))
            finally:
                child.kill()

    def _listen(self, pipe: RawIOBase) -> str:
        """Post blocks until the run is over; why it is."""
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        waiting = select.poll()
        waiting.register(pipe, select.POLLIN)
        last_sound = time.monotonic()
        while time.monotonic() - last_sound < _GIVE_UP_AFTER_S:
            if not waiting.poll(_POLL_MS):
                continue
            packet = wire.receive(pipe)
            if packet is None:
                return say("программа захвата звука завершилась", "the capture process ended")
            if packet.kind is wire.Kind.FAILED:
                return packet.body.decode(errors="replace")
            if packet.kind is wire.Kind.BLOCK:
                last_sound = time.monotonic()
                self._post_block(packet)
        return say("звук перестал поступать", "sound stopped coming")

    def _post_block(self, packet: wire.Packet) -> None:
        self._post(Block(self._run, packet.first_frame, packet.monotonic_ns, packet.overflow, packet.body))


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
