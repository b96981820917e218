"""Where the pages' words come from and go to: the rest of `sync`, as a record of functions. Tests bring their own.

Every function may take its time and is called in a thread; it raises ExamError or OSError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sync.drives.records import Carried
from sync.experts.overview import Status
from sync.office.rooms import Word
from sync.office.told import Released
from sync.scans.decisions import Decisions
from sync.scans.model import Scans
from sync.school.decisions import Decision
from sync.school.model import SchoolDay

ReportKind = Literal["pdf", "csv"]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """`release(by, reason)`: the package as it is; `reason` None: only when nothing lacks. `reports`: the kinds there
    are. `now`: by the school's clocks. `papers`: a person's word on scans; `preview(file)`: a page of one, PNG."""

    exam_date: date
    now: Callable[[], datetime]
    day: Callable[[], SchoolDay]
    words: Callable[[], Sequence[Word]]
    releases: Callable[[], Sequence[Released]]
    release: Callable[[str, str | None], None]
    decide: Callable[[Decision], None]
    report: Callable[[ReportKind], bytes]
    reports: tuple[ReportKind, ...]
    experts: Callable[[SchoolDay, date], Status]
    scans: Callable[[], Scans]
    papers: Decisions
    preview: Callable[[str], bytes]
    drives: Callable[[], Sequence[Carried]]
