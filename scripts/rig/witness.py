"""A second listener at the same microphone that no fault touches: what it heard is what could be heard.

Compare a recording with it by `rig.marker.align`. Owns its process; needs the package pulseaudio-utils.
"""

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from rig.marker import Frames
from rig.sound import POLL_S, READY_S, Microphone, SoundError, SoundServer

_LATENCY_MS = 20
_FRAME_BYTES = 2


class Witness:
    """Writes all that `microphone` (mono) hears to `path`, from `__enter__` to `__exit__`."""

    def __init__(self, server: SoundServer, microphone: Microphone, path: Path) -> None:
        self._server, self._microphone, self.path = server, microphone, path
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Listen; returns once the first sound came. SoundError when none does."""
        command = ["parec", f"--device={self._microphone.source}", "--raw", "--format=s16le", "--channels=1",
                   f"--rate={self._microphone.rate}", f"--latency-msec={_LATENCY_MS}"]  # fmt: skip
        with self.path.open("xb") as file:
            environment = {**os.environ, **self._server.environment}
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=file)
        deadline = time.monotonic() + READY_S
        while self.frames == 0:
            if time.monotonic() > deadline:
                self._end()
                raise SoundError("the witness hears nothing")
            time.sleep(POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def frames(self) -> int:
        """Frames heard so far, right to the sound server's block of 50 ms."""
        return self.path.stat().st_size // _FRAME_BYTES

    def heard(self, first_frame: int, end_frame: int) -> Frames:
        """What was heard from `first_frame` until before `end_frame`."""
        first = max(0, first_frame)
        return np.fromfile(self.path, np.int16, offset=first * _FRAME_BYTES, count=max(0, end_frame - first))

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
