"""Sound whose place is not certain yet: held, on the disk for who comes after a kill, and placed in the end."""

from days import BLOCK, RATE, audio_of, sound
from taped import BLOCK_NS, Tapes, gap

from exam.clock import NS_PER_S
from station.messages import Block
from station.tape import seal


def test_what_is_only_late_is_held_and_then_taped_whole(tapes: Tapes) -> None:
    tapes.hear(20)
    stalled_ns = tapes.at_ns
    for late_s in (0.8, 0.5, 0.2):
        data = sound(100_000 + tapes.heard, BLOCK)
        tapes.at_ns = stalled_ns + round(late_s * NS_PER_S) + BLOCK_NS * (tapes.heard - 20 * BLOCK) // BLOCK
        assert tapes.taping.take_block(Block(1, tapes.heard, tapes.at_ns, overflow=False, data=data)) == []
        tapes.heard += BLOCK
    assert tapes.taping.frames == 20 * BLOCK, "it may have been lost"
    tapes.at_ns = stalled_ns + 3 * BLOCK_NS
    assert tapes.hear() == []
    assert audio_of(tapes.folder / "stream.wav") == sound(100_000, 24 * BLOCK)


def killed(tapes: Tapes) -> bytes:
    """The stream's sound as a restart would find it if the station were killed now."""
    copy = tapes.folder / "killed.wav"
    copy.write_bytes((tapes.folder / "stream.wav").read_bytes())
    seal(copy)
    return audio_of(copy)


def test_a_kill_loses_nothing_of_what_is_held(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.at_ns += NS_PER_S // 2
    tapes.hear(4)
    assert tapes.taping.frames == 20 * BLOCK
    assert killed(tapes) == sound(100_000, 24 * BLOCK)


def test_a_kill_loses_nothing_of_a_run_that_has_just_begun_after_a_gap(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.lose(2)
    tapes.hear(2)
    assert tapes.taping.frames == 20 * BLOCK
    assert killed(tapes) == sound(100_000, 20 * BLOCK) + bytes(4 * RATE) + sound(200_000, 2 * BLOCK)
    tapes.hear(10)
    assert killed(tapes) == sound(100_000, 20 * BLOCK) + bytes(4 * RATE) + sound(200_000, 12 * BLOCK)


def test_what_is_held_behind_missing_frames_is_not_where_those_were(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.lose(2)
    tapes.hear(1)
    tapes.at_ns += BLOCK_NS
    tapes.heard += BLOCK
    tapes.hear(1)
    assert killed(tapes) == sound(100_000, 20 * BLOCK) + bytes(4 * RATE) + sound(200_000, BLOCK)


def test_what_has_to_move_is_not_where_it_was_held_once_its_place_is_told(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.at_ns += 2 * NS_PER_S
    assert tapes.hear(10) == []
    tapes.at_ns += BLOCK_NS
    last = Block(1, tapes.heard, tapes.at_ns, overflow=False, data=sound(100_000 + tapes.heard, BLOCK))
    assert tapes.taping.take_block(last) == [gap(20 * BLOCK, 2 * RATE, "dropped")]
    assert killed(tapes) == sound(100_000, 20 * BLOCK), "else there were sound where the journal tells of silence"
    assert tapes.taping.take_block(last) == []
    assert killed(tapes) == sound(100_000, 20 * BLOCK) + bytes(4 * RATE) + sound(100_000 + 20 * BLOCK, 11 * BLOCK)


def test_what_the_sound_system_lost_without_a_word_becomes_a_gap(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.at_ns += 2 * NS_PER_S
    assert tapes.hear(10) == []
    assert tapes.taping.frames == 20 * BLOCK, "it may be only late"
    assert tapes.taping.frame_at(tapes.at_ns) == 30 * BLOCK + 2 * RATE, "time goes on though sound is held"
    assert tapes.hear(2) == [gap(20 * BLOCK, 2 * RATE, "dropped")]
    assert tapes.taping.frames == 32 * BLOCK + 2 * RATE


def test_what_is_held_is_not_forgotten_when_the_part_ends(tapes: Tapes) -> None:
    tapes.hear(20)
    tapes.at_ns += NS_PER_S // 10
    tapes.hear(2)
    assert tapes.taping.frames == 20 * BLOCK
    assert tapes.taping.seal() == []
    assert audio_of(tapes.folder / "stream.wav") == sound(100_000, 22 * BLOCK)
