"""The sound server is real: what is played into a microphone is what the product's own path hears."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rig.marker import Frames, align, marker
from rig.sound import Microphone, SoundError, SoundServer

pytestmark = pytest.mark.real

RECORDER = """
import sys, sounddevice
with open(sys.argv[1], "wb") as file:
    def note(block, frames, time, status):
        file.write(bytes(block))
    with sounddevice.RawInputStream(device="pulse", samplerate=48000, channels=int(sys.argv[2]), dtype="int16",
                                    blocksize=2400, latency=0.2, callback=note):
        print("recording", flush=True)
        sys.stdin.readline()
"""
TAIL = np.zeros(28800, np.int16)
"""Silence played after the marker, longer than all buffers on the way: when the player ends, the marker is through."""


@pytest.fixture
def server() -> Iterator[SoundServer]:
    with SoundServer() as server:
        yield server


def heard(server: SoundServer, microphone: Microphone, played: Frames, file: Path) -> Frames:
    """Play through the microphone and record by PortAudio, ALSA and PulseAudio, as the product does."""
    recorder = subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(file), str(microphone.channels)],
        env=os.environ | server.environment_for(microphone),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert recorder.stdout is not None
    assert recorder.stdout.readline() == b"recording\n"
    server.play(np.concatenate([played, np.zeros((len(TAIL), *played.shape[1:]), np.int16)]), microphone).wait(30)
    recorder.communicate(b"\n", timeout=10)
    return np.fromfile(file, np.int16)


def test_a_mono_microphone_is_bit_exact(server: SoundServer, tmp_path: Path) -> None:
    played = marker(2, seed=5)
    alignment = align(heard(server, server.add_microphone("room"), played, tmp_path / "heard"), played)
    assert alignment.unbroken
    assert (alignment.marker_first, alignment.marker_end) == (0, len(played))


def test_two_channels_stay_apart(server: SoundServer, tmp_path: Path) -> None:
    left, right = marker(1, seed=6), marker(1, seed=7)
    room = server.add_microphone("room", channels=2)
    frames = heard(server, room, np.stack([left, right], axis=1), tmp_path / "heard").reshape(-1, 2)
    for channel, played in enumerate((left, right)):
        alignment = align(np.ascontiguousarray(frames[:, channel]), played)
        assert alignment.unbroken
        assert alignment.marker_end == len(played)


def test_microphones_come_and_go(server: SoundServer) -> None:
    room = server.add_microphone("room")
    other = server.add_microphone("other", channels=2, rate=16000)
    assert server.sources() == ("room.monitor", "other.monitor")
    assert server.environment["PULSE_SOURCE"] == "room.monitor"
    server.remove(room)
    assert server.sources() == ("other.monitor",)
    assert server.environment["PULSE_SOURCE"] == "other.monitor"
    server.plug(room)
    assert server.microphones == (other, room)


def test_a_crashed_server_comes_back_with_its_microphones(server: SoundServer) -> None:
    room = server.add_microphone("room")
    first = server.pid
    server.kill()
    with pytest.raises(SoundError, match="not running"):
        _ = server.pid
    server.restart()
    assert server.pid != first
    assert server.microphones == (room,)
    assert server.sources() == ("room.monitor",)


def test_a_stalled_server_answers_nobody_until_it_resumes(server: SoundServer) -> None:
    def answered_within(seconds: float) -> bool:
        query, environment = ["pactl", "info"], os.environ | server.environment
        return subprocess.run(query, env=environment, timeout=seconds, check=False, capture_output=True).returncode == 0

    with server.stalled():
        stopped = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").split(")")[1].split()[0]
        with pytest.raises(subprocess.TimeoutExpired):
            answered_within(0.3)
    assert stopped == "T"
    assert answered_within(5)


def test_nothing_is_left_behind() -> None:
    with SoundServer() as server:
        folder, pid = Path(server.environment["XDG_RUNTIME_DIR"]), server.pid
        playback = server.play(marker(30, seed=8), server.add_microphone("room"))
        assert playback.playing
        server.stall()
    assert not playback.playing
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()
