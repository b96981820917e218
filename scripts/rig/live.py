"""A voice that goes on at real time whether anyone hears it or not: what a microphone missed, it missed.

So a recording of it proves where every frame lies in time, through any fault of microphone and sound server.
"""

import contextlib
import errno
import fcntl
import os
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rig.sound import Microphone

_STEP_S = 0.01
_PIECE_S = 0.0025
SHORT_PIPE, LONG_PIPE = 1 << 15, 1 << 18
"""Bytes that wait for a sound server that stands still; no more. A third of a second of one channel at 48 kHz, of which
a test sees the end, and 2.7 s, as much as a sound card's ring holds: that outlasts what a busy machine does to us."""
_NS = 1_000_000_000
_ABSENT = {errno.ENOENT, errno.ENXIO, errno.EPIPE, errno.EAGAIN}


class Voice:
    """Says `samples` (mono) into a live microphone from the moment it is entered until it is left."""

    def __init__(self, samples: NDArray[np.int16], microphone: Microphone, pipe_bytes: int = LONG_PIPE) -> None:
        if microphone.fifo is None:
            raise ValueError("not a live microphone")
        self._bytes, self._rate, self._fifo = samples.astype("<i2").tobytes(), microphone.rate, microphone.fifo
        self._pipe, self._pipe_bytes = -1, pipe_bytes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak)
        self.began_ns = 0

    def __enter__(self) -> Self:
        self.began_ns = time.monotonic_ns()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._hang_up()

    def frame_at(self, at_ns: int) -> int:
        """The sample being said at a monotonic time."""
        return (at_ns - self.began_ns) * self._rate // _NS

    def _speak(self) -> None:
        said, piece = 0, round(self._rate * _PIECE_S)
        while not self._ended.wait(_STEP_S):
            due = self.frame_at(time.monotonic_ns())
            # A write of up to 4096 bytes is whole or not at all; pieces all alike, so that none finds room where the
            # one before it found none: a loss is one loss.
            while said + piece <= due:
                self._say(self._bytes[2 * said : 2 * (said + piece)])
                said += piece

    def _say(self, sound: bytes) -> None:
        try:
            if self._pipe < 0:
                self._pipe = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
                fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, self._pipe_bytes)
            os.write(self._pipe, sound)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            if error.errno == errno.EPIPE:
                self._hang_up()

    def _hang_up(self) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.close(self._pipe)
        self._pipe = -1
