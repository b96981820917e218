"""Sound of any sample rate in pieces of any size becomes the same track, which goes on after it was looked at."""

import numpy as np
import pytest
from rig import interviews

from exam.audio import AudioFormat
from station.audibility.analyser import Analyser
from station.audibility.detector import Detector
from station.audibility.track import Track


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_cells_are_ten_milliseconds_at_any_sample_rate(rate: int) -> None:
    """A tone in the third second alone, in pieces of odd sizes."""
    time = np.arange(4 * rate) / rate
    tone = np.where((time >= 2) & (time < 3), np.sin(2 * np.pi * 400 * time), 0)
    track = analysed(np.rint(tone * 16000).astype(np.int16)[:, None], rate, rate // 7)
    assert track.cells == 400
    loud = np.flatnonzero(track.power[:, 0] > 0.1)
    assert (loud[0], loud[-1], len(loud)) == (200, 299, 100)
    assert track.power[250, 0] == pytest.approx((16000 / 32768) ** 2 / 2, rel=0.05)
    assert track.peak[250, 0] == pytest.approx(16000 / 32768, rel=0.02)


def test_pieces_do_not_matter() -> None:
    sound = interviews.samples(interviews.talk(20, 3, "pink", 20).sound)[:, None]
    whole, pieces = (analysed(sound, 16000, size, Detector(16000)) for size in (len(sound), 777))
    for name in ("power", "peak", "mean", "clipped", "timbre"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name)), name
    assert np.allclose(whole.speech, pieces.speech, atol=1e-3)
    assert whole.speech.max() > 0.9


def test_a_track_that_was_taken_stays_as_it_was_while_more_is_fed() -> None:
    sound = interviews.samples(interviews.talk(40, 4, "pink", 20).sound)[:, None]
    analyser, half = Analyser(AudioFormat(16000, 1), Detector(16000)), len(sound) // 2
    analyser.feed(sound[:half])
    before = analyser.track()
    kept = before.power.copy()
    analyser.feed(sound[half:])
    after = analyser.track()
    assert np.array_equal(before.power, kept)
    straight = analysed(sound, 16000, len(sound), Detector(16000))
    assert np.array_equal(after.power, straight.power)
    assert np.allclose(after.speech, straight.speech, atol=1e-3)


def test_clipping_is_counted_in_its_channel() -> None:
    sound = np.zeros((1600, 2), np.int16)
    sound[100:110, 1] = 32767
    sound[400, 0] = 32767
    track = analysed(sound, 16000, 1600)
    assert track.clipped.sum(axis=0).tolist() == [0, 10]


def analysed(sound: "np.typing.NDArray[np.int16]", rate: int, piece: int, detector: Detector | None = None) -> Track:
    analyser = Analyser(AudioFormat(rate, sound.shape[1]), detector)
    for first in range(0, len(sound), piece):
        analyser.feed(sound[first : first + piece])
    return analyser.track()
