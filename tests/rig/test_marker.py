"""The measuring instrument measured: faults put into a marker signal are found, to the frame."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig.marker import Discontinuity, Frames, align, marker

PLAYED = marker(4, seed=11)
NOISE = marker(1, seed=12)
ZEROS = np.zeros(48000, np.int16)


def joined(*parts: Frames) -> Frames:
    return np.concatenate(parts)


def test_a_marker_is_reproducible_and_each_20_ms_of_it_unique() -> None:
    assert np.array_equal(marker(1, seed=3), marker(1, seed=3))
    windows = {PLAYED[at : at + 960].tobytes() for at in range(len(PLAYED) - 960)}
    assert len(windows) == len(PLAYED) - 960
    assert np.count_nonzero(PLAYED) == len(PLAYED)
    assert np.abs(PLAYED).max() <= 2800


def test_an_unbroken_recording_between_silences() -> None:
    alignment = align(joined(ZEROS[:700], PLAYED, ZEROS[:300]), PLAYED)
    assert alignment.unbroken
    assert (alignment.recorded_first, alignment.recorded_end) == (700, 700 + len(PLAYED))
    assert (alignment.marker_first, alignment.marker_end) == (0, len(PLAYED))


def test_a_recording_begun_and_ended_amid_the_marker() -> None:
    alignment = align(PLAYED[12345:99999], PLAYED)
    assert alignment.unbroken
    assert (alignment.recorded_first, alignment.marker_first, alignment.marker_end) == (0, 12345, 99999)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (joined(PLAYED[:50000], PLAYED[50777:]), Discontinuity("lost", 50000, 0, 50000, 777)),
        (joined(PLAYED[:50000], PLAYED[50001:]), Discontinuity("lost", 50000, 0, 50000, 1)),
        (joined(PLAYED[:50000], PLAYED[49000:]), Discontinuity("doubled", 50000, 0, 50000, -1000)),
        (joined(PLAYED[:50000], NOISE[:480], PLAYED[50000:]), Discontinuity("inserted", 50000, 480, 50000, 0)),
        (joined(PLAYED[:50000], NOISE[:9], PLAYED[50009:]), Discontinuity("altered", 50000, 9, 50000, 9)),
        (joined(PLAYED[:50000], NOISE[:1], PLAYED[50001:]), Discontinuity("altered", 50000, 1, 50000, 1)),
        (joined(PLAYED[:50000], ZEROS, PLAYED[98000:]), Discontinuity("silence", 50000, 48000, 50000, 48000)),
        (joined(PLAYED[:50000], ZEROS, PLAYED[99000:]), Discontinuity("silence", 50000, 48000, 50000, 49000)),
        (joined(PLAYED[:50000], ZEROS, PLAYED[60000:]), Discontinuity("silence", 50000, 48000, 50000, 10000)),
        (joined(PLAYED[:50000], ZEROS, PLAYED[50000:]), Discontinuity("silence", 50000, 48000, 50000, 0)),
    ],
)
def test_one_fault_is_named_and_placed(recorded: Frames, expected: Discontinuity) -> None:
    assert align(recorded, PLAYED).discontinuities == (expected,)


def test_a_torn_block_before_silence_is_told_from_the_silence() -> None:
    recorded = joined(PLAYED[:50000], NOISE[:100], ZEROS[:4800], PLAYED[55000:])
    assert align(recorded, PLAYED).discontinuities == (
        Discontinuity("altered", 50000, 100, 50000, 100),
        Discontinuity("silence", 50100, 4800, 50100, 4900),
    )


def test_a_fault_in_the_last_frames_ends_the_alignment_early() -> None:
    alignment = align(joined(PLAYED[:50000], PLAYED[50480:50490]), PLAYED)
    assert alignment.unbroken
    assert alignment.recorded_end == 50000


def test_a_foreign_recording_is_refused() -> None:
    for foreign in (NOISE, ZEROS, NOISE[:0]):
        with pytest.raises(ValueError, match="not in the recording"):
            align(foreign, PLAYED)


@given(st.lists(st.tuples(st.integers(0, 15000), st.integers(1, 3000)), min_size=1, max_size=8))
def test_any_losses_add_up(losses: list[tuple[int, int]]) -> None:
    parts, at = [], 0
    for kept, lost in losses:
        parts.append(PLAYED[at : at + kept + 2000])
        at += kept + 2000 + lost
    recorded = joined(*parts, PLAYED[at : at + 2000])
    alignment = align(recorded, PLAYED)
    assert (alignment.recorded_end, alignment.marker_end) == (len(recorded), at + 2000)
    assert alignment.lost_frames == sum(lost for _, lost in losses)
    assert {place.kind for place in alignment.discontinuities} <= {"lost"}


def test_ten_minutes_are_aligned_in_seconds_of_work_and_little_memory() -> None:
    played = marker(600, seed=1)
    recorded = joined(ZEROS, played[:10_000_000], NOISE, ZEROS, played[10_200_000:])
    tracemalloc.start()
    began = time.process_time()
    alignment = align(recorded, played)
    assert time.process_time() - began < 20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024 * 1024
    assert [place.kind for place in alignment.discontinuities] == ["altered", "silence"]
    assert alignment.lost_frames == 200_000
