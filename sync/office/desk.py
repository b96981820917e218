"""What the routes share: the sources, looked at together, and the ticks. One for the process; found by `desk_of`."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from starlette.requests import HTTPConnection

from sync.office import preparation, rooms, seen, told
from sync.office.carrying import plugged_in
from sync.office.looks import Look
from sync.office.preparation import Due
from sync.office.rooms import RoomTold, Word
from sync.office.running import Commands
from sync.office.sources import Sources
from sync.office.ticks import Ticks
from sync.office.told import DayTold, Released
from sync.scans.model import Scans
from sync.school.model import SchoolDay

_FRESH_S = 2.0
SMALL = 15
"""So many participants in one room fit on one page with everything else."""

_T = TypeVar("_T")


class Seen(Struct, frozen=True):
    """One look at everything."""

    day: SchoolDay
    words: tuple[Word, ...]
    releases: tuple[Released, ...]

    @property
    def rooms(self) -> Sequence[RoomTold]:
        return rooms.told(self.day, self.words)

    @property
    def is_small(self) -> bool:
        """Whether everything stands on one page."""
        return len(self.day.rows) <= SMALL and len(self.rooms) <= 1


class Desk:
    """`name`: the school's. `drives`: those that are plugged in; `scans`: what there is of them."""

    def __init__(self, sources: Sources, ticks: Ticks, commands: Commands, *, school: str, name: str) -> None:
        self.sources, self.ticks, self.commands = sources, ticks, commands
        self.drives = Look(plugged_in, _FRESH_S)
        self.school, self.name = school, name
        self._look = Look(self._see, _FRESH_S)
        self.scans = Look(self._see_scans, _FRESH_S)

    def change(self, sources: Sources) -> None:
        """Look elsewhere from now on."""
        self.sources = sources
        self.forget()

    def forget(self) -> None:
        """Something was done: whoever looks next sees it."""
        self._look.forget()
        self.scans.forget()

    async def seen(self) -> Seen:
        """The day as it is now. Raises ExamError, OSError."""
        return await self._look.now()

    async def day(self) -> DayTold:
        looked = await self.seen()
        return told.told(looked.day, looked.releases, self.sources.now().date())

    async def due(self) -> Sequence[Due]:
        """«Ход подготовки»."""
        looked = await self.seen()
        ticks = await asyncio.to_thread(self.ticks.read)
        facts = seen.facts(looked.day, looked.rooms, looked.releases)
        return preparation.due(self.sources.exam_date, self.sources.now(), facts, ticks)

    async def do(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Something that changes the day, in a thread; what is seen afterwards is looked at anew."""
        try:
            return await asyncio.to_thread(work, *arguments)
        finally:
            self.forget()

    def _see_scans(self) -> Scans:
        return self.sources.scans()

    def _see(self) -> Seen:
        return Seen(self.sources.day(), tuple(self.sources.words()), tuple(self.sources.releases()))


def desk_of(connection: HTTPConnection) -> Desk:
    """The desk that the request is about."""
    desk: Desk = connection.app.state.desk
    return desk
