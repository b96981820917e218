"""A row of the table of goals: what was asked, what was reached, and what a reference reached in the same call."""

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """`beside`: what webrtcvad alone reaches, empty where it does not apply. `holds`: None where nothing was asked."""

    what: str
    goal: str
    reached: str
    beside: str = ""
    holds: bool | None = None


Section = Callable[[], Iterator[Row]]
