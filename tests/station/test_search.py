"""A take's spans found again by content alone: always exactly the take, in order, and no more spans than it has."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from days import RATE, SHAPE, sound
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exam.audio import AudioFormat, FrameSpan
from exam.errors import Rejected
from station import search
from station.search import Found, StreamIndex
from station.tape import Tape, TapeReader, header

STEREO = AudioFormat(RATE, 2)
SILENCE = bytes(2 * RATE)


def write(path: Path, data: bytes, shape: AudioFormat = SHAPE) -> Path:
    path.write_bytes(header(shape, len(data)) + data)
    return path


def found(folder: Path, take: bytes, *streams: bytes, shape: AudioFormat = SHAPE) -> Found:
    """Whatever is found is proved here: in order, not overlapping, and equal to the take."""
    paths = [write(folder / f"s{number}.wav", data, shape) for number, data in enumerate(streams)]
    with StreamIndex(paths) as index:
        told = index.find(write(folder / "take.wav", take, shape))
    prove(told, take, streams, shape.frame_bytes)
    return told


def prove(told: Found, take: bytes, streams: Sequence[bytes], frame_bytes: int) -> None:
    places = [(int(span.stream[1:-4]), span.first_frame, span.end) for span in told.spans]
    for (part, _, end), (next_part, begin, _) in pairwise(places):
        assert (part, end) <= (next_part, begin)
    joined = b"".join(streams[part][first * frame_bytes : end * frame_bytes] for part, first, end in places)
    assert joined == take[: len(joined)]
    assert len(take) - len(joined) == told.missing_frames * frame_bytes


def spans(*places: tuple[int, int, int]) -> tuple[FrameSpan, ...]:
    return tuple(FrameSpan(f"s{part}.wav", first, frames) for part, first, frames in places)


S = RATE


def test_one_span(tmp_path: Path) -> None:
    assert found(tmp_path, sound(5 * S, 9 * S), sound(0, 40 * S)) == Found(spans((0, 5 * S, 9 * S)), 0)


def test_pauses_parts_and_gap_silence(tmp_path: Path) -> None:
    first = sound(0, 10 * S) + SILENCE * 3 + sound(10 * S, 10 * S)
    second = SILENCE * 2 + sound(20 * S, 20 * S)
    take = first[2 * 4 * S : 2 * 15 * S] + first[2 * 18 * S :] + second[: 2 * 7 * S] + second[2 * 9 * S : 2 * 11 * S]
    told = found(tmp_path, take, first, second)
    assert told == Found(spans((0, 4 * S, 11 * S), (0, 18 * S, 5 * S), (1, 0, 7 * S), (1, 9 * S, 2 * S)), 0)


def test_a_pause_within_silence_is_one_cut_not_many(tmp_path: Path) -> None:
    stream = sound(0, 5 * S) + SILENCE * 4 + sound(5 * S, 5 * S) + SILENCE * 8 + sound(10 * S, 5 * S)
    take = sound(0, 5 * S) + SILENCE * 10 + sound(10 * S, 5 * S)
    told = found(tmp_path, take, stream)
    assert len(told.spans) == 2
    assert told.missing_frames == 0


def test_the_second_playing_of_a_prompt_is_taken_when_the_answer_follows_it(tmp_path: Path) -> None:
    prompt = sound(0, 5 * S)
    stream = prompt + sound(10 * S, 5 * S) + prompt + sound(20 * S, 5 * S)
    assert found(tmp_path, prompt + sound(20 * S, 3 * S), stream).spans == spans((0, 10 * S, 8 * S))


def test_the_same_prompt_twice_in_a_take(tmp_path: Path) -> None:
    prompt = sound(0, 5 * S)
    stream = prompt + sound(10 * S, 5 * S) + prompt + sound(20 * S, 5 * S)
    assert found(tmp_path, prompt + prompt, stream).spans == spans((0, 0, 5 * S), (0, 10 * S, 5 * S))


@pytest.mark.parametrize("period", [1, 48, 400])
def test_a_looped_tone(tmp_path: Path, period: int) -> None:
    loop = sound(0, period) * (-(-20 * S // period))
    loop = loop[: 2 * 20 * S]
    stream = sound(10 * S, 3 * S) + loop + sound(15 * S, 3 * S)
    inside = found(tmp_path, loop[: 2 * 7 * S], stream)
    assert inside.spans == spans((0, 3 * S, 7 * S))
    (tmp_path / "b").mkdir()
    leaving = found(tmp_path / "b", stream[2 * 20 * S :], stream)
    assert leaving.spans == spans((0, 20 * S, 6 * S))


def test_silence_alone(tmp_path: Path) -> None:
    assert found(tmp_path, SILENCE * 2, sound(0, S) + SILENCE * 9).spans == spans((0, S, 2 * S))


def test_a_take_that_outlived_the_stream(tmp_path: Path) -> None:
    told = found(tmp_path, sound(8 * S, 5 * S), sound(0, 10 * S), SILENCE + sound(30 * S, 5 * S))
    assert told == Found(spans((0, 8 * S, 2 * S)), 3 * S)


def test_a_take_of_another_stream(tmp_path: Path) -> None:
    assert found(tmp_path, SILENCE + sound(40 * S, 5 * S), SILENCE * 3 + sound(0, 20 * S)) == Found((), 6 * S)


def test_an_empty_take_and_no_stream(tmp_path: Path) -> None:
    assert found(tmp_path, b"", sound(0, S)) == Found((), 0)
    with StreamIndex([]) as index:
        assert index.find(tmp_path / "s0.wav") == Found((), S)


def test_two_channels(tmp_path: Path) -> None:
    stream = sound(0, 40 * S)
    take = stream[4 * 3 * S : 4 * 9 * S] + stream[4 * 11 * S : 4 * 12 * S]
    assert found(tmp_path, take, stream, shape=STEREO).spans == spans((0, 3 * S, 6 * S), (0, 11 * S, S))


def test_a_stream_of_another_shape_holds_nothing_of_it(tmp_path: Path) -> None:
    other = write(tmp_path / "s0.wav", sound(0, 20 * S), STEREO)
    ours = write(tmp_path / "s1.wav", sound(0, 20 * S))
    with StreamIndex([other, ours]) as index:
        assert index.find(write(tmp_path / "t.wav", sound(3 * S, S))).spans == spans((1, 3 * S, S))


def test_a_span_shifted_by_one_byte_is_none(tmp_path: Path) -> None:
    stream = sound(0, 10 * S)
    assert found(tmp_path, stream[1 : 2 * 3 * S + 1], stream).spans == ()


@pytest.mark.slow
def test_beyond_4_gib(tmp_path: Path) -> None:
    """RF64; the hole before the sound takes no disk, and silence is passed over."""
    tape = Tape(tmp_path / "s0.wav", STEREO)
    tape._data_bytes = 4 * (begin := 1 << 30)
    tape.append(sound(0, 20 * S))
    tape.close()
    with StreamIndex([tape.path]) as index:
        told = index.find(write(tmp_path / "t.wav", sound(2 * S, 4 * S), STEREO))
    assert told == Found(spans((0, begin + S, 2 * S)), 0)


def test_what_is_no_master_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s0.wav").write_bytes(bytes(1000))
    with pytest.raises(Rejected, match="не запись этой станции"):
        StreamIndex([tmp_path / "s0.wav"])


def test_a_periodic_block_does_not_fill_memory(tmp_path: Path) -> None:
    """Every frame of such sound may be an anchor."""
    at = np.arange(4 * search._BLOCK_FRAMES)
    for value in range(1, 30000):
        pair = np.where(at % 2, value, 0).astype("<i2")
        words = np.ndarray((1,), "<u8", pair[:4].tobytes())
        if (words * search._MIX)[0] < np.uint64(1 << (64 - search.ANCHOR_BITS)):
            break
    stream = write(tmp_path / "s0.wav", pair.tobytes())
    with StreamIndex([stream]) as index:
        assert search._BLOCK_FRAMES > len(index._frames) >= search._MOST_ANCHORS, "bounded, and not for want of them"
        assert index.find(write(tmp_path / "t.wav", pair[3:9000].tobytes())).missing_frames == 0


# -- any content -------------------------------------------------------------------------------------------------

WINDOW = 4
CHUNK = st.one_of(
    st.integers(1, 30).map(lambda frames: [0] * frames),
    st.lists(st.integers(-1, 1), min_size=1, max_size=20),
    st.lists(st.integers(-300, 300), min_size=1, max_size=40),
    st.tuples(st.lists(st.integers(-2, 2), min_size=1, max_size=4), st.integers(2, 8)).map(
        lambda loop: loop[0] * loop[1]
    ),
)


@st.composite
def contents(draw: st.DrawFn) -> tuple[list[list[int]], list[tuple[int, int, int]]]:
    """Stream parts, with silence, loops and repeated chunks; and the spans a take is made of."""
    chunks = draw(st.lists(CHUNK, min_size=1, max_size=6))
    part = st.lists(st.sampled_from(chunks), min_size=1, max_size=6).map(
        lambda some: [x for each in some for x in each]
    )
    parts = draw(st.lists(part, min_size=1, max_size=3))
    cuts: list[tuple[int, int, int]] = []
    for number, frames in enumerate(parts):
        edges = sorted(draw(st.lists(st.integers(0, len(frames)), max_size=6)))
        for first, end in zip(edges[::2], edges[1::2], strict=False):
            if end - first >= WINDOW or (end > first and (first == 0 or end == len(frames))):
                cuts.append((number, first, end))
    return parts, cuts


def pcm(frames: Sequence[int], channels: int) -> bytes:
    return np.repeat(np.array(frames, "<i2"), channels).tobytes()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("block", [16, 1 << 18])
@example(([[0, 0], [0, 0, 0]], [(0, 0, 1), (1, 0, 1), (1, 1, 3)]))
@example(([[1, 1, 1, 1], [1, -1, 0, 0, 1, 1, 1, 1]], [(0, 3, 4), (1, 0, 2), (1, 5, 8)]))
@example(([[1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]], [(0, 0, 2), (0, 3, 7), (0, 9, 16)]))
@example(([[0], [1, *[0, -1] * 8, 0, 0, 1, *[0] * 7]], [(1, 0, 1), (1, 3, 19), (1, 20, 27)]))
@given(contents())
@settings(max_examples=150, derandomize=True)
def test_what_is_made_of_spans_is_found_whole(
    channels: int, block: int, made: tuple[list[list[int]], list[tuple[int, int, int]]]
) -> None:
    parts, cuts = made
    shape = AudioFormat(RATE, channels)
    streams = [pcm(part, channels) for part in parts]
    take = b"".join(pcm(parts[number][first:end], channels) for number, first, end in cuts)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(search, "_BLOCK_FRAMES", block))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths = [write(folder / f"s{number}.wav", data, shape) for number, data in enumerate(streams)]
        index = stack.enter_context(StreamIndex(paths, window_frames=WINDOW, anchor_bits=2))
        told = index.find(write(folder / "take.wav", take, shape))
    prove(told, take, streams, shape.frame_bytes)
    assert told.missing_frames == 0


@given(st.lists(CHUNK, max_size=4), st.lists(CHUNK, min_size=1, max_size=4))
@settings(max_examples=100, derandomize=True)
def test_of_any_sound_only_what_is_there_is_told(take: list[list[int]], stream: list[list[int]]) -> None:
    ours, theirs = (b"".join(pcm(chunk, 1) for chunk in chunks) for chunks in (take, stream))
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "s0.wav", theirs)
        with StreamIndex([path], window_frames=WINDOW, anchor_bits=2) as index:
            told = index.find(write(Path(folder) / "take.wav", ours))
        with TapeReader(path) as reader:
            assert reader.is_whole
    prove(told, ours, [theirs], 2)
