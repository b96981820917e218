"""The stream being taped, and the takes cut from it in parallel. Used by the recorder's thread alone.

Turns blocks into frames of the stream: continuous runs back to back, silence where sound was lost. What was lost
comes back as events for the journal. Knows nothing of sessions.

The journal is ahead of the tape: what comes back is to be written down and the call repeated, until nothing comes
back; only then is it done. So a kill leaves no silence that no event names; an event may name silence that never
came, which ends where the part does.

Only a failure of the stream's own file raises: a take can always be cut from the stream later. After an OSError
nothing is half done; the same call may be repeated once `turn` has begun another file.
"""

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam.audio import AudioFormat, FrameSpan, GapReason
from station.arrivals import Arrivals, Begins, Lost, Step
from station.chain import Chain
from station.feed import Feed, copy_spans
from station.messages import Block, GapStatus, StreamStatus
from station.recent import Recent
from station.session.events import Event, GapBegan, GapFound, OverflowSeen
from station.tape import SUFFIX, Tape
from station.timeline import Timeline

_KEPT_S = 60.0  # of sound, in memory, should the disk fail before another has it
_SILENCE_LAG_S = 0.5  # left open at the end of a running gap, so that its end can be placed exactly

_log = logging.getLogger(__name__)


Anchoring = Callable[[str, int, int], Event]
"""What says that a frame of a stream part was heard at a monotonic time."""


class _Silence(Struct, frozen=True):
    """What is still to be written of a gap that has been told of."""

    frames: int
    reason: GapReason


class Taping:
    """The open stream tape with its feeds. Raises OSError as the disk of the stream does."""

    def __init__(
        self, path: Path, shape: AudioFormat, start_ns: int, anchored: Anchoring | None = None, *, keeps: bool = False
    ) -> None:
        """Begin the file at the next block. FileExistsError when the name is taken.

        `anchored`: tells when the first sound was heard. `keeps`: hold the last minute in memory, too.
        """
        self._anchored = anchored
        self.path, self._keeps = path, keeps
        self._shape = shape
        self._stream, self.recent = self._tape(path)
        self.chain = Chain(path, shape)
        self._timeline = Timeline(shape.sample_rate, start_ns)
        self._feeds: dict[str, Feed] = {}
        self._arrivals = Arrivals(shape)
        self._received: Block | None = None
        self._held: Block | None = None
        self._steps: list[Step | _Silence] = []  # still to be placed
        self._is_heard = False
        self._gap_from: int | None = None
        self._gap_reason: GapReason = "device_lost"
        self._gaps: tuple[GapStatus, ...] = ()
        self._missing = 0
        self._untold: list[Event] = []  # nothing is written while there is something to tell

    @property
    def file(self) -> str:
        """The name of the stream part being written."""
        return self.path.name

    @property
    def frames(self) -> int:
        """Length of the stream part, silence of gaps included."""
        return self._stream.frames

    @property
    def size(self) -> int:
        """Bytes of the stream part's file, header included."""
        return self._stream.size

    @property
    def is_timed(self) -> bool:
        """Whether frames have a known time: sound has come, or is known to be lost."""
        return self._is_heard or self._gap_from is not None

    def frame_at(self, at_ns: int) -> int:
        """The frame being heard at a monotonic time; frame 0 before the first sound."""
        if not self.is_timed:
            return 0  # nothing was heard and nothing is known to be lost: the first sound will be frame 0
        return self._timeline.frame_at(at_ns)

    def time_of(self, frame: int) -> int:
        """The monotonic time at which a frame of this part was, or will be, heard."""
        return self._timeline.time_of(frame)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the device's clock runs than the machine's, in millionths; None until it is known."""
        drift = self._timeline.drift_ppm
        return None if drift is None else round(drift, 1)

    # -- sound ---------------------------------------------------------------------------------------------

    def take_block(self, block: Block) -> list[Event]:
        """Append a block, as soon as its place is known, to the stream, then to the takes; what was lost before it."""
        if block is not self._received:  # else repeated, as the disk had failed
            self._steps += self._arrivals.take(block, after_gap=self._gap_from is not None)
            self._received = block
        self._place()
        self._advance()
        self._hold()
        return self.told()

    def flush(self) -> list[Event]:
        """Place what was held back until more was known."""
        self._steps += self._arrivals.flush()
        self._place()
        return self.told()

    def lose_device(self, reason: GapReason = "device_lost") -> list[Event]:
        """The run is over, or none could begin: from here on a gap, until another run begins."""
        self._steps += self._arrivals.flush()
        self._place()
        if not self._steps:
            self._begin_gap(reason)
        return self.told()

    def fill(self, now_ns: int) -> list[Event]:
        """While the device is away the stream goes on with silence, a little behind the clock."""
        if self._gap_from is not None and not self._arrivals.is_settling:
            until = self._timeline.frame_at(now_ns) - self._shape.frames(_SILENCE_LAG_S)
            self._stream.append_silence(max(0, until - self._stream.frames))
            self._advance()
        return self.told()

    def sync(self) -> list[Event]:
        """Make everything taped survive a power cut."""
        self._stream.sync()
        self.chain.sync(self._stream)
        self._with_feeds(lambda feed: feed.tape.sync())
        return self.told()

    def seal(self) -> list[Event]:
        """End the part: takes hold what there is, every file is synced and closed, also when the disk takes no more.

        The last losses, told once: what is held is placed even so, unless `flush` has done that before.
        """
        try:
            self._steps += self._arrivals.flush()
            self._place(waits=False)
        finally:
            self._end_gap(self._stream.frames)
            self._advance()
            self._with_feeds(lambda feed: feed.tape.close())
            self._feeds.clear()
            self._end_stream()
        return self.told()

    def turn(self, path: Path) -> list[Event]:
        """End this part and begin the next at the very next frame; open gap and takes go on. The last losses.

        `told`, then, are the next part's first. FileExistsError when the name is taken.
        """
        following, recent = self._tape(path)
        was_away = self._gap_from is not None
        self._end_gap(self._stream.frames)
        losses = self.told()
        self._with_feeds(lambda feed: feed.turn(self._stream))
        self._timeline.turn(self._stream.frames)
        with contextlib.suppress(OSError):  # a failing disk may refuse the last sync, too: the next part must begin
            self._end_stream()
        self.path, self._stream, self.recent = path, following, recent
        self.chain = Chain(path, self._shape)
        self._gaps, self._missing, self._held = (), 0, None
        if was_away:
            self._begin_gap(self._gap_reason)
        if self._steps and isinstance(rest := self._steps[0], _Silence):
            self._note_gap(0, rest.frames, rest.reason)
        return losses

    def _end_stream(self) -> None:
        try:
            self._stream.cut()
            self._stream.sync()
            self.chain.end(self._stream)
        finally:
            self._stream.close()

    def leave_takes(self) -> None:
        """Their tapes stay on the disk that failed, as far as they came; each is made anew, or cut from the stream."""
        feeds, self._feeds = self._feeds, {}
        for feed in feeds.values():
            with contextlib.suppress(OSError):
                feed.tape.close()

    def _tape(self, path: Path) -> tuple[Tape, Recent]:
        recent = Recent(self._shape.frames(_KEPT_S) * self._shape.frame_bytes if self._keeps else 0)
        return Tape(path, self._shape, recent), recent

    def told(self) -> list[Event]:
        """What was lost since this was last asked."""
        losses, self._untold = self._untold, []
        return losses

    def _place(self, *, waits: bool = True) -> None:
        """As far as can be gone before what was lost is written down, or to the end, unless it `waits` for that."""
        while self._steps and not (waits and self._untold):
            match self._steps[0]:
                case Begins(at_ns):
                    self._steps[:1] = self._begin_run(at_ns)
                case Lost(frames, reason):
                    self._stream.cut()
                    self._note_gap(self._stream.frames, frames, reason)
                    self._steps[0] = _Silence(frames, reason)
                case _Silence() as silence:
                    self._append_silence(silence)
                    self._steps.pop(0)
                case Block(overflow=True) as block:
                    self._untold.append(OverflowSeen(stream=self.file, frame=self._stream.frames))
                    self._steps[0] = replace(block, overflow=False)
                case Block() as block:
                    self._append(block)
                    self._steps.pop(0)

    def _hold(self) -> None:
        """A block whose place is not certain yet is on the disk even so, where it seems to belong; none without those
        before it."""
        held = self._arrivals.held
        if self._steps or not held or held[-1] is self._held or (len(held) > 1 and held[-2] is not self._held):
            return
        block, gap = held[-1], 0
        if self._gap_from is not None and not self._stream.is_holding:
            frames = len(block.data) // self._shape.frame_bytes + block.beyond
            gap = max(0, self._timeline.frame_at(block.monotonic_ns) - frames - self._stream.frames)
        with contextlib.suppress(OSError):  # it is in memory, and will be written once more
            self._stream.hold(block.data, gap)
            self._held = block

    def _begin_run(self, at_ns: int) -> list[_Silence]:
        """The silence before it."""
        first = end = self._stream.frames
        if self._is_heard or self._gap_from is not None:
            self._begin_gap("device_lost")
            end = max(end, self._timeline.frame_at(at_ns))
            self._stream.cut()
            self._end_gap(end)
        self._timeline.follow(end, at_ns)
        if not self._is_heard and self._anchored is not None:
            self._untold.append(self._anchored(self.file, end, at_ns))
        self._is_heard = True
        return [_Silence(end - first, self._gap_reason)] if end > first else []

    def _append(self, block: Block) -> None:
        self._stream.append(block.data)
        self._timeline.arrived(self._stream.frames + block.beyond, block.monotonic_ns)

    def _append_silence(self, silence: _Silence) -> None:
        first = self._stream.frames
        try:
            self._stream.append_silence(silence.frames)
        finally:  # the file may end on the way: the next one takes the rest
            self._timeline.lost()
            self._steps[0] = replace(silence, frames=silence.frames - (self._stream.frames - first))

    def _begin_gap(self, reason: GapReason) -> None:
        if self._gap_from is None:
            self._gap_from, self._gap_reason = self._stream.frames, reason
            self._untold.append(GapBegan(stream=self.file, frame=self._gap_from, reason=reason))

    def _end_gap(self, end: int) -> None:
        first, self._gap_from = self._gap_from, None
        if first is not None:
            self._note_gap(first, end - first, self._gap_reason)

    def _note_gap(self, first: int, frames: int, reason: GapReason) -> None:
        if frames:
            self._gaps = (*self._gaps, GapStatus(first, frames, reason))
            self._missing += frames
        self._untold.append(GapFound(stream=self.file, frame=first, frames=frames, reason=reason))

    # -- takes ---------------------------------------------------------------------------------------------

    def begin_take(self, path: Path, so_far: Sequence[FrameSpan] = ()) -> None:
        """Create a take's own tape; its stem names the feed. FileExistsError when the name is taken.

        `so_far`: its spans that have ended, in this part and in earlier ones in the same folder.
        """
        tape = Tape(path, self._shape)
        try:
            copy_spans(path.parent, [span for span in so_far if span.stream != self.file], tape)
        except BaseException:
            tape.close()
            raise
        feed = self._feeds[path.name.removesuffix(SUFFIX)] = Feed(tape)
        for span in so_far:
            if span.stream == self.file:
                feed.begin(span.first_frame)
                feed.end(span.end)

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

    def is_filling(self, stem: str, spans: Sequence[FrameSpan] = ()) -> bool:
        """Whether the take's tape is still open or, should it be torn, the stream has not yet all of its `spans`."""
        return stem in self._feeds or any(span.stream == self.file and span.end > self._settled for span in spans)

    @property
    def _settled(self) -> int:
        """Frames that takes may have. They wait at an open gap: a finished take's manifest must tell of the gap,
        whose end is not known yet."""
        return self._stream.frames if self._gap_from is None else self._gap_from

    def _advance(self) -> None:
        """Bring the takes' tapes up to the stream; close those that are complete."""
        until = self._settled
        self._with_feeds(lambda feed: _advance(feed, self._stream, until))
        self._feeds = {stem: feed for stem, feed in self._feeds.items() if not feed.is_done}

    def _with_feeds(self, act: Callable[[Feed], None]) -> None:
        """Do it with every take's tape. One that fails is left torn: the take will be cut from the stream."""
        for stem, feed in list(self._feeds.items()):
            try:
                act(feed)
            except OSError as error:
                _log.warning("%s: %s", feed.tape.path.name, error)
                del self._feeds[stem]
                with contextlib.suppress(OSError):
                    feed.tape.close()

    # -- seen from outside ---------------------------------------------------------------------------------

    def glance(self) -> StreamStatus:
        """The stream as `station status` tells it; an open gap grows live."""
        if self._gap_from is None:
            captured = self._stream.frames - self._missing
            return StreamStatus(self.file, self._stream.frames, captured, self._gaps, self.drift_ppm)
        missing = self._stream.frames - self._gap_from
        gaps = (*self._gaps, GapStatus(self._gap_from, missing, self._gap_reason, open=True))
        return StreamStatus(self.file, self._stream.frames, self._gap_from - self._missing, gaps, self.drift_ppm)


def _advance(feed: Feed, stream: Tape, until: int) -> None:
    feed.advance(stream, until)
    if feed.is_done:
        feed.tape.close()
