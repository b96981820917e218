"""Levels of known sound: dBFS re full scale, one number a channel."""

import numpy as np
import pytest

from station.levels import FLOOR_DBFS, measure

RATE = 48000


def sine(amplitude: float) -> "np.typing.NDArray[np.int16]":
    """A tenth of a second of 1 kHz: whole periods."""
    return np.round(amplitude * np.sin(2 * np.pi * 1000 * np.arange(RATE // 10) / RATE)).astype(np.int16)


@pytest.mark.parametrize(("amplitude", "rms", "peak"), [(32767, -3.0, 0.0), (16384, -9.0, -6.0), (328, -43.0, -40.0)])
def test_a_sine_is_3_db_below_its_peak(amplitude: float, rms: float, peak: float) -> None:
    levels = measure([sine(amplitude).tobytes()], 1)
    assert levels.rms_dbfs[0] == pytest.approx(rms, abs=0.05)
    assert levels.peak_dbfs[0] == pytest.approx(peak, abs=0.05)


def test_a_full_scale_square_wave_is_0_dbfs() -> None:
    levels = measure([np.tile(np.array([-32768, 32767], np.int16), 2400).tobytes()], 1)
    assert (levels.rms_dbfs, levels.peak_dbfs) == ((0.0,), (0.0,))


def test_the_most_negative_sample_does_not_overflow() -> None:
    assert measure([np.array([-32768], np.int16).tobytes()], 1).peak_dbfs == (0.0,)


def test_silence_is_the_floor() -> None:
    levels = measure([bytes(9600)], 1)
    assert (levels.rms_dbfs, levels.peak_dbfs) == ((FLOOR_DBFS,), (FLOOR_DBFS,))
    one_bit = measure([np.array([1] + [0] * 99_999, np.int16).tobytes()], 1)
    assert FLOOR_DBFS <= one_bit.rms_dbfs[0] < one_bit.peak_dbfs[0] < -90


def test_channels_are_told_apart() -> None:
    both = np.column_stack([sine(32767), np.zeros(RATE // 10, np.int16)]).astype(np.int16)
    levels = measure([both.tobytes()], 2)
    assert levels.rms_dbfs == (-3.0, FLOOR_DBFS)
    assert levels.peak_dbfs == (0.0, FLOOR_DBFS)
