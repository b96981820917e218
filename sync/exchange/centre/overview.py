"""All schools in one table, ready before it is asked for: a school's line is made anew only when files of it came.

Owns the table `overview`. `pages` shows what is there at once, `refresh` runs in a thread beside it.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec
from msgspec import Struct

from exam.errors import ExamError
from sync.exchange.accounts import Accounts
from sync.exchange.centre.collecting import Collecting
from sync.exchange.centre.words import Standing, Summary, summary_of
from sync.exchange.database import Database
from sync.exchange.register import Register

_EDITION = 1
"""Of what is kept; a program that reckons otherwise begins anew."""
_SHARE = 20
"""A day is shown unasked only when a twentieth as many schools sent something of it as of the busiest one."""
_LOG = logging.getLogger(__name__)
_DECODER = msgspec.json.Decoder(list[Summary])
_REPLACE = """INSERT INTO overview (school, mark, content) VALUES (?, ?, ?)
    ON CONFLICT (school) DO UPDATE SET mark = excluded.mark, content = excluded.content"""


class Everything(Struct, frozen=True):
    """Every school's days. `schools`: all that have an account or sent something; `stale`: those being made anew."""

    days: Mapping[date, Sequence[Summary]]
    schools: Sequence[str]
    stale: Sequence[str]

    def of(self, exam_date: date) -> list[Summary]:
        """A line for every school on this day, by code."""
        there = {one.school: one for one in self.days.get(exam_date, ())}
        return [
            there.get(code)
            or Summary(school=code, school_name="", exam_date=exam_date, standing=Standing.NOTHING)
            for code in self.schools
        ]  # fmt: skip

    def latest(self, today: date) -> date | None:
        """The day to show unasked: the last one up to today of which enough schools sent something."""
        most = max((len(lines) for lines in self.days.values()), default=0)
        enough = [day for day, lines in self.days.items() if len(lines) * _SHARE >= most]
        past = [day for day in enough if day <= today + timedelta(days=1)]
        return max(past or enough, default=None)


class Overview:
    """Blocking; for any thread. Methods raise Transient as `Database` does."""

    def __init__(self, database: Database, accounts: Accounts, register: Register, collecting: Collecting) -> None:
        self._database, self._accounts, self._register, self._collecting = database, accounts, register, collecting
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()

    def now(self) -> Everything:
        """What is known at this moment."""
        marks, kept = self._marks(), self._kept()
        days: dict[date, list[Summary]] = {}
        for code in sorted(kept):
            for line in _DECODER.decode(kept[code][1]):
                days.setdefault(line.exam_date, []).append(line)
        stale = [code for code, mark in marks.items() if kept.get(code, ("",))[0] != mark]
        return Everything(dict(sorted(days.items())), self.schools(marks), stale)

    def schools(self, more: Iterable[str] = ()) -> list[str]:
        """Every school that has an account, or sent something when it had one."""
        return sorted({*self._accounts.codes(), *more})

    def refresh(self) -> None:
        """Make anew what has changed. A school that cannot be read now keeps its line, and stays stale."""
        with self._one_at_a_time:
            kept = self._kept()
            for code, mark in self._marks().items():
                if self._stopping.is_set():
                    return
                if kept.get(code, ("",))[0] != mark:
                    self._renew(code, mark)

    def stop(self) -> None:
        """End a refresh after the school it is at."""
        self._stopping.set()

    def _renew(self, code: str, mark: str) -> None:
        try:
            lines = [summary_of(day) for day in self._collecting.days(code)]
        except (ExamError, OSError) as error:
            _LOG.error("school %s is shown as it was: %s", code, error)
            return
        except Exception:  # noqa: BLE001 - the named edge: one school's files must not hide the others' lines
            _LOG.exception("school %s is shown as it was", code)
            return
        self._database.write(_REPLACE, (code, mark, msgspec.json.encode(lines).decode()))

    def _marks(self) -> dict[str, str]:
        """What changes whenever a file of the school is stored or set aside."""
        settled = self._register.settled()
        return {code: f"{_EDITION}.{stored}.{aside}" for code, (stored, aside) in settled.items() if stored or aside}

    def _kept(self) -> dict[str, tuple[str, str]]:
        rows = self._database.read("SELECT school, mark, content FROM overview")
        return {row["school"]: (row["mark"], row["content"]) for row in rows}
