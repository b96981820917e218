"""The session: a pure state machine. A command and the moment give events; events give the next day.

`decide` says what follows from a command, `evolve` what an event changes; replaying a day's journal through
`evolve` gives the day as it was. Knows no files, no clocks, no threads.
"""

from station.session.day import TRANSITIONS, Day, State, StreamPart, Take
from station.session.decide import decide
from station.session.evolution import evolve, joined
from station.session.presses import meant
from station.session.rules import Moment, Rules, free_take

__all__ = [
    "TRANSITIONS",
    "Day",
    "Moment",
    "Rules",
    "State",
    "StreamPart",
    "Take",
    "decide",
    "evolve",
    "free_take",
    "joined",
    "meant",
]
