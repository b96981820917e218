"""A session without sound: presses at made-up frames, events applied as the recorder would."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from days import DAY, MORNING, rules_for

from station.session import Day, Moment, Rules, State, StreamPart, decide, evolve, meant
from station.session import commands as ask
from station.session import events as happened
from station.session.commands import Command
from station.session.events import Event

PRE, POST = 100, 10
"""Frames of pre-roll and post-roll."""


def open_part(day: Day) -> StreamPart | None:
    """The stream file that grows."""
    return day.parts[-1] if day.parts and day.parts[-1].frames is None else None


class Presses:
    """A day, its events so far, and the moment. `frame` moves on only when told."""

    def __init__(self, *commands: Command, rules: Rules | None = None, today: date = DAY) -> None:
        self.rules = rules or rules_for(PRE, POST)
        self.day, self.frame = Day(), 0
        self.log: list[tuple[Event, datetime]] = []
        self.taken: set[str] = set()
        self.wall = MORNING.replace(year=today.year, month=today.month, day=today.day)
        for command in commands:
            self.later(1000)
            self.press(command)

    def later(self, frames: int) -> "Presses":
        self.frame = max(0, self.frame + frames)
        self.wall += timedelta(milliseconds=abs(frames))
        return self

    @property
    def now(self) -> Moment:
        part = open_part(self.day)
        if part is not None:
            return Moment(self.wall, part.file, self.frame, frozenset(self.taken))
        return Moment(self.wall, self.rules.stream_stem(len(self.day.parts) + 1) + ".wav", 0, frozenset(self.taken))

    def press(self, command: Command) -> tuple[Event, ...]:
        """What follows; a refusal is raised and changes nothing."""
        wish = meant(self.day.state, command)
        self.make_room_for(wish)
        events = decide(self.day, wish, self.now, self.rules)
        self.apply(events)
        return events

    def make_room_for(self, command: Command) -> None:
        """As the recorder does: the closed day's file ends before another day's begins."""
        is_ending = open_part(self.day) is not None and self.day.state is State.CLOSED
        if is_ending and isinstance(command, ask.Open | ask.Start):
            self.end_part()

    def apply(self, events: Sequence[Event]) -> None:
        for event in events:
            self.log.append((event, self.wall))
            self.day = evolve(self.day, event, self.wall)
            if isinstance(event, happened.StreamStarted):
                self.taken.add(str(event.stream))
                self.frame = 0
            if isinstance(event, happened.TakeStarted):
                self.taken.add(event.stem + ".wav")

    def end_part(self, frame: int | None = None) -> None:
        """The stream's file is closed; after a `close` its post-roll is in it."""
        assert open_part(self.day) is not None
        end = self.frame + POST if frame is None else frame
        self.apply([happened.StreamEnded(stream=open_part(self.day).file, frame=end, ending="close")])

    def turn_part(self, frame: int) -> None:
        """The stream's file takes no more; the next frame is the next file's first."""
        assert open_part(self.day) is not None
        self.apply([happened.StreamEnded(stream=open_part(self.day).file, frame=frame, ending="file_limit")])
        self.apply([happened.StreamStarted(stream=self.rules.stream_stem(len(self.day.parts) + 1) + ".wav")])

    def publish(self, stem: str) -> None:
        self.apply([happened.RecordingPublished(stem=stem, sha256="0" * 64)])


def replayed(log: Sequence[tuple[Event, datetime]]) -> Day:
    day = Day()
    for event, wall in log:
        day = evolve(day, event, wall)
    return day
