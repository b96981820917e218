"""Places in audio: gaps and marks of streams, found again in what was cut from them."""

from hypothesis import given
from hypothesis import strategies as st

from exam.audio import AudioFormat, FrameSpan, Gap, frame_within, gaps_within

ONE, TWO = "поток_01.wav", "поток_02.wav"
STREAM_FRAMES = 60


def silent(gaps: list[Gap], frames: int) -> list[bool]:
    """Frame by frame, whether it lies in a gap."""
    return [any(gap.first_frame <= frame < gap.end for gap in gaps) for frame in range(frames)]


@st.composite
def gap_lists(draw: st.DrawFn) -> list[Gap]:
    """Gaps of one stream: in order, apart."""
    edges = sorted(draw(st.sets(st.integers(0, STREAM_FRAMES), max_size=8)))
    return [Gap(first, end - first, "overflow") for first, end in zip(edges[::2], edges[1::2], strict=False)]


SPANS = st.builds(
    lambda stream, edges: FrameSpan(stream, min(edges), max(edges) - min(edges)),
    st.sampled_from([ONE, TWO]),
    st.tuples(st.integers(0, STREAM_FRAMES), st.integers(0, STREAM_FRAMES)),
)


@given(gap_lists(), gap_lists(), st.lists(SPANS, max_size=4))
def test_a_cut_is_silent_just_where_its_streams_were(one: list[Gap], two: list[Gap], spans: list[FrameSpan]) -> None:
    streams = {ONE: silent(one, STREAM_FRAMES), TWO: silent(two, STREAM_FRAMES)}
    expected = [flag for span in spans for flag in streams[span.stream][span.first_frame : span.end]]
    found = gaps_within({ONE: one, TWO: two}, spans)
    assert silent(list(found), len(expected)) == expected
    assert all(gap.frames > 0 for gap in found)


def test_a_gap_across_two_spans_keeps_its_reason() -> None:
    gaps = {ONE: [Gap(10, 20, "device_lost")]}
    spans = [FrameSpan(ONE, 0, 15), FrameSpan(TWO, 0, 5), FrameSpan(ONE, 25, 10)]
    assert gaps_within(gaps, spans) == (Gap(10, 5, "device_lost"), Gap(20, 5, "device_lost"))


@given(st.sets(st.integers(0, STREAM_FRAMES), max_size=8), st.integers(0, STREAM_FRAMES))
def test_a_frame_of_the_stream_is_found_in_the_cut(edges: set[int], frame: int) -> None:
    bounds = sorted(edges)
    spans = [FrameSpan(ONE, first, end - first) for first, end in zip(bounds[::2], bounds[1::2], strict=False)]
    cut = [place for span in spans for place in range(span.first_frame, span.end)]
    assert frame_within(spans, ONE, frame) == sum(place < frame for place in cut)


def test_a_frame_between_two_spans_is_where_the_next_begins() -> None:
    spans = [FrameSpan(ONE, 100, 10), FrameSpan(ONE, 200, 10)]
    assert [frame_within(spans, ONE, frame) for frame in (99, 100, 109, 150, 200, 205, 300)] == [
        0,
        0,
        9,
        10,
        10,
        15,
        20,
    ]


def test_the_format_counts_in_frames() -> None:
    stereo = AudioFormat(48000, 2)
    assert (stereo.frame_bytes, stereo.frames(0.5), stereo.seconds(24000)) == (4, 24000, 0.5)
