"""Blocks in, frames out: runs back to back, losses as silence, each take the concatenation of its spans."""

import errno
import os
from collections.abc import Sequence

import pytest
from days import BLOCK, RATE, SHAPE, audio_of, sound
from taped import BLOCK_NS, SETTLED, START_NS, Tapes, gap

from exam.clock import NS_PER_S
from station.messages import Block, GapStatus
from station.session.events import Event, GapBegan, GapFound, OverflowSeen
from station.tape import HEADER_BYTES, TapeReader
from station.taping import Taping


def test_the_stream_is_what_was_heard(tapes: Tapes) -> None:
    assert tapes.hear(5) == []
    assert audio_of(tapes.folder / "stream.wav") == sound(100_000, 5 * BLOCK)
    assert tapes.taping.frame_at(tapes.at_ns) == 5 * BLOCK


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 8000)],
        [(0, 1)],
        [(799, 801)],
        [(3000, 3900)],
        [(1000, 4321), (4321, 5000)],
        [(1000, 2000), (2400, 2401), (6000, 7999)],
        [(1000, 1000), (2000, 3000)],
        [(2000, 1500), (2500, 2600)],
    ],
)
@pytest.mark.parametrize("pressed_after", [0, 3, 10])
def test_a_take_is_the_concatenation_of_its_spans(
    tapes: Tapes, spans: Sequence[tuple[int, int]], pressed_after: int
) -> None:
    """Whether the spans lie in the past (pre-roll) or in the future (post-roll) of the press."""
    tapes.hear(pressed_after)
    path = tapes.take(*spans)
    tapes.hear(10 - pressed_after + 1)
    assert not tapes.taping.is_filling("take")
    assert audio_of(path) == tapes.concatenation(*[(first, max(first, end)) for first, end in spans])


def test_an_open_span_follows_the_stream_block_by_block(tapes: Tapes) -> None:
    tapes.hear(3)
    tapes.taping.begin_take(tapes.folder / "take.wav")
    tapes.taping.begin_span("take", 1000)
    for heard in range(4, 8):
        tapes.hear()
        assert audio_of(tapes.folder / "take.wav") == tapes.concatenation((1000, heard * BLOCK))
    tapes.taping.release("take")
    tapes.hear()
    assert tapes.taping.is_filling("take"), "its span has no end yet"
    tapes.taping.end_span("take", 8 * BLOCK + 10)
    tapes.hear()
    assert audio_of(tapes.folder / "take.wav") == tapes.concatenation((1000, 8 * BLOCK + 10))
    with TapeReader(tapes.folder / "take.wav") as take:
        assert take.is_whole


def test_pause_and_resume_within_the_post_roll(tapes: Tapes) -> None:
    tapes.hear(2)
    tapes.taping.begin_take(tapes.folder / "take.wav")
    tapes.taping.begin_span("take", 500)
    tapes.taping.end_span("take", 2000)
    tapes.taping.begin_span("take", 2000)
    tapes.taping.end_span("take", 2300)
    tapes.taping.release("take")
    tapes.hear(2)
    assert audio_of(tapes.folder / "take.wav") == tapes.concatenation((500, 2300))


def test_two_takes_back_to_back_share_no_frame_and_lose_none(tapes: Tapes) -> None:
    tapes.hear(2)
    first = tapes.take((100, 2500), stem="a")
    second = tapes.take((2500, 4000), stem="b")
    tapes.hear(4)
    assert audio_of(first) + audio_of(second) == tapes.concatenation((100, 4000))


def test_dropped_blocks_become_a_gap_of_their_length(tapes: Tapes) -> None:
    tapes.hear(2)
    path = tapes.take((1000, 4000))
    tapes.heard += 1234
    assert tapes.hear() == [gap(1600, 1234, "dropped")]
    assert tapes.hear(2) == []
    assert audio_of(tapes.folder / "stream.wav")[3200 : 3200 + 2468] == bytes(2468)
    assert audio_of(path) == tapes.concatenation((1000, 4000))
    assert tapes.taping.glance().gaps == (GapStatus(1600, 1234, "dropped"),)


def test_what_is_lost_is_told_before_its_silence_is_taped(tapes: Tapes) -> None:
    tapes.hear(2)
    tapes.at_ns += BLOCK_NS + 1234 * NS_PER_S // RATE
    block = Block(1, 1600 + 1234, tapes.at_ns, overflow=True, data=sound(9, BLOCK))
    assert tapes.taping.take_block(block) == [gap(1600, 1234, "dropped")]
    assert tapes.taping.frames == 1600
    assert tapes.taping.take_block(block) == [OverflowSeen(stream="stream.wav", frame=1600 + 1234)]
    assert tapes.taping.frames == 1600 + 1234
    assert tapes.taping.take_block(block) == []
    assert tapes.taping.frames == 1600 + 1234 + BLOCK


def test_a_gap_told_of_goes_on_in_the_next_part_with_what_is_left_of_it(
    tapes: Tapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    tapes.hear(2)
    tapes.lose(2.0)
    tapes.hear(SETTLED - 1)
    tapes.at_ns += BLOCK_NS
    block = Block(2, tapes.heard, tapes.at_ns, overflow=False, data=sound(9, BLOCK))
    assert tapes.taping.take_block(block) == [gap(1600, 16000, "device_lost")]
    with monkeypatch.context() as patch:
        patch.setattr("station.tape.os", Full(HEADER_BYTES + 2 * 10_000))
        with pytest.raises(OSError, match="File too large"):
            tapes.taping.take_block(block)
    left = 17600 - tapes.taping.frames
    assert 0 < left < 16000
    assert tapes.taping.turn(tapes.folder / "next.wav") == []
    assert tapes.taping.told() == [GapFound(stream="next.wav", frame=0, frames=left, reason="device_lost")]
    assert tapes.taping.take_block(block) == []
    assert tapes.taping.frames == left + SETTLED * BLOCK
    assert tapes.taping.frame_at(tapes.at_ns) == tapes.taping.frames


class Full:
    """Stands in for `os`: files of so many bytes grow no more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if offset + len(data) > self._limit:
            raise OSError(errno.EFBIG, "File too large")
        return os.pwrite(descriptor, data, offset)


def test_an_overflow_is_told_with_its_place(tapes: Tapes) -> None:
    tapes.hear(2)
    assert tapes.hear(overflow=True) == [OverflowSeen(stream="stream.wav", frame=1600)]


def test_a_new_run_after_a_loss_is_placed_by_the_clock(tapes: Tapes) -> None:
    tapes.hear(5)
    tapes.lose(2.0)
    assert tapes.hear(SETTLED - 1) == [], "not known well enough yet"
    assert tapes.taping.frame_at(tapes.at_ns) == 4000 + 16000 + 3 * BLOCK
    assert tapes.hear() == [gap(4000, 16000, "device_lost")]
    assert tapes.taping.frames == 4000 + 16000 + SETTLED * BLOCK
    assert tapes.hear(3) == []
    assert tapes.taping.frame_at(tapes.at_ns) == tapes.taping.frames


def test_a_loss_that_cost_no_time_leaves_no_gap(tapes: Tapes) -> None:
    tapes.hear(5)
    tapes.lose(0.0)
    assert tapes.hear(SETTLED) == [gap(4000, 0, "device_lost")], "the gap that began is over"
    assert tapes.taping.glance().gaps == ()
    assert tapes.taping.frames == (5 + SETTLED) * BLOCK


def test_another_run_without_a_word_is_a_loss_too(tapes: Tapes) -> None:
    tapes.hear(5)
    tapes.run, tapes.heard, tapes.at_ns = 2, 0, tapes.at_ns + NS_PER_S
    began = GapBegan(stream="stream.wav", frame=4000, reason="device_lost")
    assert tapes.hear(SETTLED) == [began, gap(4000, 8000, "device_lost")]


def test_while_the_device_is_away_the_stream_goes_on_a_little_behind_the_clock(tapes: Tapes) -> None:
    tapes.hear(5)
    tapes.lose(2.0)
    tapes.taping.fill(tapes.at_ns)
    assert tapes.taping.frames == 4000 + 12000
    seen = tapes.taping.glance()
    assert seen.gaps == (GapStatus(4000, 12000, "device_lost", open=True),)
    assert (seen.frames, seen.captured_frames) == (16000, 4000)
    assert tapes.hear(SETTLED) == [gap(4000, 16000, "device_lost")], "the same gap as without the silence in between"
    assert tapes.taping.glance().captured_frames == 4000 + SETTLED * BLOCK


def test_a_stream_begun_without_a_microphone_begins_with_a_gap(tapes: Tapes) -> None:
    tapes.taping.lose_device()
    tapes.taping.fill(START_NS + 2 * NS_PER_S)
    assert tapes.taping.frames == 12000
    assert tapes.taping.frame_at(START_NS + 2 * NS_PER_S) == 16000
    tapes.at_ns = START_NS + 3 * NS_PER_S
    assert tapes.hear(SETTLED) == [gap(0, 24000, "device_lost")]
    assert tapes.taping.frame_at(tapes.at_ns) == tapes.taping.frames == 24000 + SETTLED * BLOCK


def test_a_press_before_the_first_sound_is_at_the_first_sound(tapes: Tapes) -> None:
    assert tapes.taping.frame_at(START_NS + 2 * NS_PER_S) == 0
    tapes.at_ns = START_NS + 2 * NS_PER_S
    assert tapes.hear() == []
    assert tapes.taping.frames == BLOCK


def test_nothing_is_filled_while_the_device_is_there_or_may_yet_come(tapes: Tapes) -> None:
    tapes.taping.fill(START_NS + 9 * NS_PER_S)
    assert tapes.taping.frames == 0
    tapes.hear()
    tapes.taping.fill(START_NS + 9 * NS_PER_S)
    assert tapes.taping.frames == BLOCK


def test_a_take_ended_within_a_gap_is_complete_only_when_the_gap_is_known(tapes: Tapes) -> None:
    tapes.hear(5)
    path = tapes.take((1000, 6000))
    tapes.lose(2.0)
    tapes.taping.fill(tapes.at_ns)
    assert tapes.taping.is_filling("take")
    tapes.hear(SETTLED)
    assert not tapes.taping.is_filling("take")
    assert audio_of(path) == tapes.concatenation((1000, 6000))


def test_seal_ends_the_gap_fills_the_takes_and_closes_every_file(tapes: Tapes) -> None:
    tapes.hear(5)
    ended = tapes.take((1000, 5000), stem="ended")
    tapes.taping.begin_take(tapes.folder / "open.wav")
    tapes.taping.begin_span("open", 2000)
    tapes.lose(2.0)
    tapes.taping.fill(tapes.at_ns)
    assert tapes.taping.seal() == [gap(4000, 12000, "device_lost")]
    for name in ("stream", "ended", "open"):
        with TapeReader(tapes.folder / f"{name}.wav") as tape:
            assert tape.is_whole
    assert audio_of(ended) == tapes.concatenation((1000, 5000))
    assert audio_of(tapes.folder / "open.wav") == tapes.concatenation((2000, 16000))


def test_seal_cuts_a_take_whose_end_never_came(tapes: Tapes) -> None:
    tapes.hear(5)
    path = tapes.take((1000, 9000), (9500, 9600))
    assert tapes.taping.seal() == []
    assert audio_of(path) == tapes.concatenation((1000, 4000))


def test_a_take_without_a_tape_of_its_own_is_passed_over(tapes: Tapes) -> None:
    tapes.taping.begin_span("nobody", 0)
    tapes.taping.end_span("nobody", 5)
    tapes.taping.release("nobody")
    assert not tapes.taping.is_filling("nobody")
    tapes.hear()


def test_names_that_exist_are_refused(tapes: Tapes) -> None:
    with pytest.raises(FileExistsError):
        Taping(tapes.folder / "stream.wav", SHAPE, START_NS)
    with pytest.raises(FileExistsError):
        tapes.taping.begin_take(tapes.folder / "stream.wav")


def test_runs_and_gaps_tile_the_stream(tapes: Tapes) -> None:
    """Invariant 1: every frame of the file was captured or lies in a gap."""
    gaps: list[Event] = []
    for number in range(12):
        gaps += tapes.hear(2)
        if number % 3 == 0:
            tapes.heard += 100 * number
        elif number % 3 == 1:
            tapes.lose(0.3)
            tapes.taping.fill(tapes.at_ns)
    gaps += tapes.taping.seal()
    silent = sum(found.frames for found in gaps if isinstance(found, GapFound))
    assert tapes.taping.frames == 24 * BLOCK + silent
    stream = audio_of(tapes.folder / "stream.wav")
    for found in gaps:
        assert isinstance(found, GapFound)
        assert not any(stream[2 * found.frame : 2 * (found.frame + found.frames)])
    assert len(gaps) == 7
