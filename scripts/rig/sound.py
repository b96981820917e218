"""A private sound server with microphones made of null sinks: what is played into one is heard from it.

Owns every process it starts and ends each by its pid. Needs the packages pulseaudio and pulseaudio-utils.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rig.staged import Staged

READY_S = 10.0
"""The longest a sound server or a change in it may take to show; far above what a loaded machine needs."""
POLL_S = 0.02


class SoundError(RuntimeError):
    """The sound server did not do what was asked of it."""


@dataclass(frozen=True)
class Microphone:
    """A null sink `name` whose monitor is recorded like a microphone; with `fifo` one that hears what is put in."""

    name: str
    channels: int
    rate: int
    fifo: Path | None = None

    @property
    def source(self) -> str:
        """The source's name in the sound server, as PULSE_SOURCE takes it."""
        return f"{self.name}.monitor" if self.fifo is None else self.name


class Playback:
    """One sound file being played, at real time, by its own process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def playing(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until all of it was heard. SoundError if the player failed, subprocess.TimeoutExpired if late."""
        if self._process.wait(timeout_s) != 0:
            raise SoundError(f"paplay ended with {self._process.returncode}")

    def stop(self) -> None:
        """End it now; harmless when it has ended."""
        _end(self._process)


class SoundServer(Staged):
    """A PulseAudio server of its own, in a folder of its own; usable from parallel tests.

    with SoundServer() as server:
        room = server.add_microphone("room")
        playback = server.play(samples, room)
        subprocess.run(recorder, env={**os.environ, **server.environment})
    """

    _PREFIX = "rig-"

    def __init__(self) -> None:
        super().__init__()
        self._process: subprocess.Popen[bytes] | None = None
        self._modules: dict[Microphone, int] = {}
        self._playbacks: list[Playback] = []
        self._files = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """What a child process needs to find this server; its microphone is the first one there is."""
        return self.environment_for(next(iter(self._modules), None))

    def environment_for(self, microphone: Microphone | None) -> Mapping[str, str]:
        """As `environment`, but hearing `microphone` when it opens the device `pulse`."""
        own = {
            "XDG_RUNTIME_DIR": str(self._folder),
            "PULSE_SERVER": f"unix:{self._folder}/pulse/native",
            "PULSE_COOKIE": str(self._folder / "cookie"),
        }
        return own | ({"PULSE_SOURCE": microphone.source} if microphone else {})

    @property
    def microphones(self) -> tuple[Microphone, ...]:
        return tuple(self._modules)

    @property
    def pid(self) -> int:
        """The process of the running server; SoundError when none runs."""
        if self._process is None:
            raise SoundError("the sound server is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and await its answer. It has no microphones yet."""
        if self._process is not None:
            raise SoundError("the sound server is running")
        command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit",
                   "-L", "module-native-protocol-unix auth-anonymous=1"]  # fmt: skip
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._child_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._await("the server's answer", self._answers)

    def kill(self) -> None:
        """End the server as a crash does; its microphones are gone with it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        (self._folder / "pulse" / "native").unlink(missing_ok=True)

    def restart(self) -> None:
        """Crash and come back with the same microphones, as a session's service manager would see to."""
        microphones = self.microphones
        self.kill()
        self._modules.clear()
        self.start()
        for microphone in microphones:
            self.plug(microphone)

    def stall(self) -> None:
        """Freeze the server and await that it is; clients hang until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Frozen for the length of the block."""
        self.stall()
        try:
            yield
        finally:
            self.resume()

    def add_microphone(self, name: str, channels: int = 1, rate: int = 48000) -> Microphone:
        """Plug in a new microphone and await it."""
        microphone = Microphone(name, channels, rate)
        self.plug(microphone)
        return microphone

    def add_live_microphone(self, name: str, rate: int = 48000) -> Microphone:
        """Plug in a microphone that hears a `live.Voice`, whatever becomes of the server."""
        microphone = Microphone(name, 1, rate, self._folder / f"{name}.fifo")
        self.plug(microphone)
        return microphone

    def plug(self, microphone: Microphone) -> None:
        """Plug in a microphone that is not there, or is there no longer, and await it."""
        shape = ("format=s16le", f"rate={microphone.rate}", f"channels={microphone.channels}")
        if microphone.fifo is not None:
            microphone.fifo.unlink(missing_ok=True)
            module = self._pactl(
                "load-module", "module-pipe-source", f"source_name={microphone.name}", f"file={microphone.fifo}", *shape
            )
        else:
            module = self._add_sink(microphone, shape)
        self._modules[microphone] = int(module)
        self._await(f"source {microphone.source}", lambda: microphone.source in self.sources())

    def _add_sink(self, microphone: Microphone, shape: Sequence[str]) -> str:
        # What is played arrives bit for bit: the sink has the very format of the samples, so nothing is
        # resampled, widened or dithered, and at full volume (the default) with one player nothing is scaled.
        # Without `norewinds` an idle sink has rendered 2 s of silence ahead: a recorder that opens it hears
        # nothing for so long. With it the server deals in blocks of 50 ms, as a sound card would.
        return self._pactl("load-module", "module-null-sink", f"sink_name={microphone.name}", "norewinds=1", *shape)

    def remove(self, microphone: Microphone) -> None:
        """Pull the microphone out and await its absence; `plug` brings it back."""
        self._pactl("unload-module", str(self._modules.pop(microphone)))
        self._await(f"absence of {microphone.source}", lambda: microphone.source not in self.sources())

    def sources(self) -> tuple[str, ...]:
        """Names of the sources the server offers now."""
        lines = self._pactl("list", "short", "sources").splitlines()
        return tuple(line.split("\t")[1] for line in lines)

    def listeners(self) -> Mapping[str, str]:
        """Which source each recording stream hears now: source number by stream number."""
        lines = self._pactl("list", "short", "source-outputs").splitlines()
        return {fields[0]: fields[1] for fields in (line.split("\t") for line in lines)}

    def await_listener(self) -> None:
        """Wait until something records."""
        self._await("a recording stream", lambda: bool(self.listeners()))

    def play(self, sound: Path | NDArray[np.int16], microphone: Microphone) -> Playback:
        """Let the microphone hear a sound file, or samples of its rate shaped (frames,) or (frames, channels)."""
        path = sound if isinstance(sound, Path) else self._write(sound, microphone)
        process = subprocess.Popen(
            ["paplay", f"--device={microphone.name}", str(path)],
            env=self._child_environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        playback = Playback(process)
        self._playbacks.append(playback)
        return playback

    def _write(self, samples: NDArray[np.int16], microphone: Microphone) -> Path:
        self._files += 1
        path = self._folder / f"sound_{self._files}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(microphone.rate)
            file.writeframes(samples.astype("<i2", copy=False).tobytes())
        return path

    def _child_environment(self) -> Mapping[str, str]:
        private = {"HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder), "LC_ALL": "C.UTF-8"}
        return os.environ | self.environment_for(None) | private

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            log = (self._folder / "server.log").read_text(errors="replace")
            raise SoundError(f"pulseaudio ended with {self._process.returncode}:\n{log}")
        return self._run("info").returncode == 0

    def _pactl(self, *words: str) -> str:
        result = self._run(*words)
        if result.returncode != 0:
            raise SoundError(f"pactl {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout.strip()

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = self._child_environment()
        command = ["pactl", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=READY_S, check=False)

    def _await(self, what: str, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not true():
            if time.monotonic() > deadline:
                raise SoundError(f"{what}: not within {READY_S:.0f} s")
            time.sleep(POLL_S)

    def _begin(self) -> None:
        self.start()

    def _leave(self) -> None:
        for playback in self._playbacks:
            playback.stop()
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            _end(self._process)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(READY_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
