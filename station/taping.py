"""One stream part being taped, and the takes cut from it in parallel. Used by the recorder's thread alone.

Turns blocks into frames of the stream: continuous runs back to back, silence where sound was lost. What was lost
comes back as events for the journal. Knows nothing of sessions.
"""

from pathlib import Path

from exam.audio import AudioFormat, GapReason
from station.chain import Chain
from station.feed import Feed
from station.messages import Block, GapStatus, StreamStatus
from station.session.events import Event, GapFound, OverflowSeen
from station.tape import SUFFIX, Tape
from station.timeline import Timeline

_SILENCE_LAG_S = 0.5  # left open at the end of a running gap, so that its end can be placed exactly


class Taping:
    """The open stream tape with its feeds. Raises OSError as the disk does."""

    def __init__(self, path: Path, shape: AudioFormat, start_ns: int) -> None:
        """Begin the file at the next block. FileExistsError when the name is taken."""
        self.file = path.name
        self._shape = shape
        self._stream = Tape(path, shape)
        self.chain = Chain(path, shape)
        self._timeline = Timeline(shape.sample_rate, start_ns)
        self._feeds: dict[str, Feed] = {}
        self._run: int | None = None
        self._next_in_run = 0
        self._gap_from: int | None = None
        self._gaps: tuple[GapStatus, ...] = ()
        self._missing = 0

    @property
    def frames(self) -> int:
        """Length of the stream part, silence of gaps included."""
        return self._stream.frames

    def frame_at(self, at_ns: int) -> int:
        """The frame being heard at a monotonic time; frame 0 before the first sound."""
        if self._run is None and self._gap_from is None:
            return 0  # nothing was heard and nothing is known to be lost: the first sound will be frame 0
        return self._timeline.frame_at(at_ns)

    # -- sound ---------------------------------------------------------------------------------------------

    def take_block(self, block: Block) -> list[Event]:
        """Append a block to the stream, then to the takes; what was lost before it."""
        losses = self._losses_before(block)
        self._stream.append(block.data)
        if block.run != self._run:
            self._timeline.follow(self._stream.frames, block.monotonic_ns)
        self._timeline.arrived(self._stream.frames, block.monotonic_ns)
        self._run, self._next_in_run = block.run, block.first_frame + self._frames(block)
        self._advance()
        return losses

    def lose_device(self) -> None:
        """The run is over, or none could begin: from here on a gap, until another run begins."""
        if self._gap_from is None:
            self._gap_from = self._stream.frames

    def fill(self, now_ns: int) -> None:
        """While the device is away the stream goes on with silence, a little behind the clock."""
        if self._gap_from is not None:
            self._silence_until(self._timeline.frame_at(now_ns) - self._shape.frames(_SILENCE_LAG_S))
            self._advance()

    def sync(self) -> None:
        """Make everything taped survive a power cut."""
        for tape in (self._stream, *(feed.tape for feed in self._feeds.values())):
            tape.sync()
        self.chain.sync(self._stream)

    def seal(self) -> list[Event]:
        """End the part: takes hold what there is, every file is synced and closed. The last losses."""
        losses = self._end_gap("device_lost")
        self._advance()
        for feed in self._feeds.values():
            feed.tape.close()
        self._feeds.clear()
        self._stream.sync()
        self.chain.end(self._stream)
        self._stream.close()
        return losses

    def _losses_before(self, block: Block) -> list[Event]:
        losses: list[Event] = []
        if self._gap_from is not None or (self._run is not None and block.run != self._run):
            self.lose_device()
            self._silence_until(self._timeline.frame_at(block.monotonic_ns) - self._frames(block))
            losses += self._end_gap("device_lost")
        elif self._run is not None and block.first_frame > self._next_in_run:
            self._gap_from = self._stream.frames
            self._stream.append_silence(block.first_frame - self._next_in_run)
            losses += self._end_gap("dropped")
        if block.overflow:
            losses.append(OverflowSeen(stream=self.file, frame=self._stream.frames))
        return losses

    def _silence_until(self, frame: int) -> None:
        self._stream.append_silence(max(0, frame - self._stream.frames))

    def _end_gap(self, reason: GapReason) -> list[Event]:
        first, self._gap_from = self._gap_from, None
        if first is None or first == self._stream.frames:
            return []
        frames = self._stream.frames - first
        self._gaps = (*self._gaps, GapStatus(first, frames, reason))
        self._missing += frames
        return [GapFound(stream=self.file, frame=first, frames=frames, reason=reason)]

    def _frames(self, block: Block) -> int:
        return len(block.data) // self._shape.frame_bytes

    # -- takes ---------------------------------------------------------------------------------------------

    def begin_take(self, path: Path) -> None:
        """Create a take's own tape; its stem names the feed. FileExistsError when the name is taken."""
        self._feeds[path.name.removesuffix(SUFFIX)] = Feed(Tape(path, self._shape))

    def begin_span(self, stem: str, first_frame: int) -> None:
        if stem in self._feeds:
            self._feeds[stem].begin(first_frame)

    def end_span(self, stem: str, frame: int) -> None:
        if stem in self._feeds:
            self._feeds[stem].end(frame)

    def release(self, stem: str) -> None:
        """No further span will come for this take."""
        if stem in self._feeds:
            self._feeds[stem].release()

    def is_filling(self, stem: str) -> bool:
        """Whether the take's tape is still open."""
        return stem in self._feeds

    def _advance(self) -> None:
        """Bring the takes' tapes up to the stream; close those that are complete.

        They wait at an open gap: a finished take's manifest must tell of the gap, whose end is not known yet.
        """
        until = self._stream.frames if self._gap_from is None else self._gap_from
        for stem, feed in list(self._feeds.items()):
            feed.advance(self._stream, until)
            if feed.is_done:
                feed.tape.close()
                del self._feeds[stem]

    # -- seen from outside ---------------------------------------------------------------------------------

    def glance(self) -> StreamStatus:
        """The stream as `station status` tells it; an open gap grows live."""
        if self._gap_from is None:
            return StreamStatus(self.file, self._stream.frames, self._stream.frames - self._missing, self._gaps)
        missing = self._stream.frames - self._gap_from
        gaps = (*self._gaps, GapStatus(self._gap_from, missing, "device_lost", open=True))
        return StreamStatus(self.file, self._stream.frames, self._gap_from - self._missing, gaps)
