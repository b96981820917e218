"""What the microphone heard is what the tape holds: frame for frame, and readable while it grows."""

from pathlib import Path

import numpy as np
import pytest
from rig.marker import align, marker
from rooms import RATE, frames_of, lengths, room

pytestmark = pytest.mark.real
TAIL = np.zeros(RATE, np.int16)


@pytest.mark.parametrize("seconds", [20, pytest.param(600, marks=pytest.mark.slow)])
def test_not_one_frame_is_lost_doubled_or_inserted(tmp_path: Path, seconds: int) -> None:
    played = marker(seconds, seed=seconds)
    with room(tmp_path) as here:
        here.do("open")
        here.do("start", "--participant", "1", "--variant", "1")
        playback = here.server.play(np.concatenate([played, TAIL]), here.microphone)
        playback.wait(seconds + 30)
        stream = here.folder / here.do("stop")["stream"]["file"]
        here.do("accept")
        here.do("close")
        heard = align(frames_of(stream), played)
        assert heard.unbroken, heard.discontinuities
        assert (heard.marker_first, heard.marker_end) == (0, len(played))
        assert here.run("verify").returncode == 0


def test_files_open_with_the_right_length_while_being_recorded(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.server.play(marker(30, seed=3), here.microphone)
        here.do("open")
        here.do("start", "--participant", "1")
        for seconds in (2, 4, 6):
            here.await_frames(seconds * RATE)
            take = here.folder / f"{here.status()['take']}.wav"
            stream = here.folder / here.status()["stream"]["file"]
            for file in (take, stream):
                told = here.status()["stream"]["frames"] / RATE
                seen = lengths(file)
                there = len(frames_of(file)) / RATE
                within = all(told - 0.001 <= length <= there + 0.001 for length in seen.values())
                assert within, (file, told, seen, there)
