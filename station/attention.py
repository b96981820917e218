"""What is heard of the sound while it is recorded, as the day remembers it: alarms, and the verdict on each take.

Between the recorder and its listening child. Used by the recorder's thread alone.
"""

from collections.abc import Sequence

from station.alarms import Alarms
from station.listener import Listener
from station.messages import Judged, StreamStatus
from station.reel import Reel
from station.session import Day, Rules
from station.session.events import Event, TakeJudged
from station.situation import situation_of


class Attention:
    """Without a `listener` nothing is heard, and verdicts are made when a recording is published."""

    def __init__(self, rules: Rules, alarms: Alarms, listener: Listener | None) -> None:
        self._rules, self._alarms, self._listener = rules, alarms, listener

    def look(self, day: Day, stream: StreamStatus | None, reel: Reel) -> Sequence[Event]:
        """Tell the child what there is to hear; which alarms were raised or cleared since the last time;
        not written down while no disk takes it."""
        if self._listener is not None:
            awaited = tuple(stem for stem in self._listener.awaited if stem in day.takes)
            self._listener.tell(situation_of(day, self._rules, str(reel.folder), stream, awaited))
        return self._alarms.changes() if reel.failure is None else ()

    def judged(self, day: Day, judged: Judged) -> Sequence[Event]:
        """What to remember of a verdict: nothing, when the take has gone on meanwhile."""
        take = day.takes.get(judged.stem)
        if take is None or take.open_from is not None or sum(span.frames for span in take.spans) != judged.frames:
            return ()
        return [TakeJudged(stem=judged.stem, verdict=judged.verdict)]

    def awaits(self, stem: str) -> bool:
        """Whether a verdict is about to come."""
        return self._listener is not None and stem in self._listener.awaited
