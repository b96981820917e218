"""Tells a person, through a command or a web address of the school's own, that a day has arrived or needs them.

Called by `sync.agent`. What is told names rooms and counts, never a child. Each piece of news is told once; what could
not be told is tried again with the next one.
"""

import hashlib
import json
import logging
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from exam import durable
from exam.language import say
from sync.model import ItemState, Tier
from sync.plan import Row, is_awaited
from sync.states import DONE

FILE = "notified.json"
_PATIENCE_S = 30.0
_LOG = logging.getLogger(__name__)

Event = Literal["complete", "needs_human", "overdue"]
_ARRIVED: Mapping[Tier | None, tuple[str, str]] = {
    "hub": (
        "Всё в Штабе: {files}{carried}. В РЦОИ материалы передаёт Штаб.",
        "All is at the headquarters: {files}{carried}. They pass it on to the centre.",
    ),
    "centre": ("Комплект полон. В РЦОИ: {files}{carried}.", "Complete. At the centre: {files}{carried}."),
    None: ("Комплект полон. Доставлено: {files}{carried}.", "Complete. Delivered: {files}{carried}."),
}


class News(Struct, frozen=True):
    """`text` for a person; `delivered` of `files` have their proof, by whom says `tier`; `rooms`: day folders something
    lacks of.

    `stuck`: how many wait for a person. Told, the news is the same until these or the rooms change, however the counts
    do meanwhile.
    """

    event: Event
    school: str
    text: str
    files: int
    delivered: int
    rooms: tuple[str, ...] = ()
    stuck: int | None = None
    tier: Tier | None = None


def news_of(
    school: str, rows: Iterable[Row], due_on: date | None, today: date, *, tier: Tier | None = None
) -> News | None:
    """What a person should hear, if anything. `due_on`: when the first undelivered file is due; `tier`: who holds what
    was delivered."""
    here = [row for row in rows if row.present or row.state not in DONE]  # what vanished undelivered is not done with
    lacking = [row for row in here if row.state not in DONE]
    stuck = sum(not is_awaited(row) for row in lacking)
    rooms = tuple(sorted({row.path.partition("/")[0] for row in lacking}))
    left = say(f"не доставлено {len(lacking)} из {len(here)}", f"{len(lacking)} of {len(here)} not delivered")
    why = say("Почему: station-sync status", "Why: station-sync status")

    def news(event: Event, text: str) -> News:
        changing = None if event == "complete" else stuck
        return News(event, school, text, len(here), len(here) - len(lacking), rooms, changing, tier)

    if not here:
        return None
    if not lacking:
        carried = sum(row.state is ItemState.HANDED_OVER for row in here)
        ru, en = (f", передано человеком: {carried}", f", handed over: {carried}") if carried else ("", "")
        where, done = _ARRIVED.get(tier, _ARRIVED[None]), len(here) - carried
        return news("complete", say(*where).format(files=done, carried=say(ru, en)))
    if stuck:
        return news("needs_human", say(f"Нужен человек: {left}. {why}.", f"A person is needed: {left}. {why}."))
    if due_on is not None and today > due_on:
        return news("overdue", say(f"Срок прошёл: {left}. {why}.", f"Overdue: {left}. {why}."))
    return None


def trouble(school: str, rows: Iterable[Row], text: str) -> News:
    """What holds everything back here, and stands in no row."""
    here = [row for row in rows if row.present or row.state not in DONE]
    delivered = sum(row.state in DONE for row in here)
    return News("needs_human", school, text, len(here), delivered, stuck=len(here) - delivered)


class Notifier:
    """`command`: run with the news as JSON on its standard input; `webhook`: the same by POST. Either may be absent."""

    def __init__(self, state: Path, command: Sequence[str] = (), webhook: str = "") -> None:
        self._memory, self._command, self._webhook = state / FILE, list(command), webhook
        self._marks: dict[str, str] = {}

    def tell(self, news: News) -> bool:
        """Whether it is known to have been told, now or before. Raises nothing: delivery goes on in any case."""
        if not (self._command or self._webhook):
            return True
        same = news if news.stuck is None else (news.event, news.school, news.rooms, news.stuck)
        mark = hashlib.sha256(msgspec.json.encode(same)).hexdigest()
        if self._told().get(news.event) == mark:
            return True
        body = msgspec.json.encode(news)
        told = all([self._run(body) if self._command else True, self._post(body) if self._webhook else True])
        if told:
            # Whoever heard that they are needed wants to hear again that they no longer are, and the other way round.
            ended = self._told().keys() if news.event == "complete" else {"complete"}
            self._remember(
                {event: old for event, old in self._told().items() if event not in ended} | {news.event: mark}
            )
        return told

    def _remember(self, marks: dict[str, str]) -> None:
        self._marks = marks
        try:
            durable.rewrite(self._memory, json.dumps(marks).encode())
        except OSError as error:  # the next life will tell it once more
            _LOG.warning("%s: %s", self._memory, error.strerror)

    def _told(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=dict[str, str]) | self._marks
        except (OSError, msgspec.MsgspecError):
            return self._marks

    def _run(self, body: bytes) -> bool:
        try:
            # What it prints is not kept: it may be without end. What it complains of goes where ours does.
            done = subprocess.run(
                self._command, input=body, timeout=_PATIENCE_S, check=False, stdout=subprocess.DEVNULL
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            _LOG.warning("[notify] command: %s", error)
            return False
        if done.returncode:
            _LOG.warning("[notify] command: exit code %d", done.returncode)
        return done.returncode == 0

    def _post(self, body: bytes) -> bool:
        from sync.transports import web  # noqa: PLC0415 - only who has a webhook needs the network for it

        return web.post(self._webhook, body)
