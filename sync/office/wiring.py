"""The sources of a real headquarters: what the pages read and do, by the same functions as the commands."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from exam import roster, windows
from sync.config import Config
from sync.drives.records import Drives
from sync.experts import overview
from sync.experts.book import Book
from sync.experts.dealing import voices
from sync.experts.overview import Status
from sync.office.desk import Desk
from sync.office.hearing import Hearing
from sync.office.running import Commands
from sync.office.sources import ReportKind, Sources
from sync.office.ticks import Ticks
from sync.office.told import Released
from sync.receipts import Receipts
from sync.scans.decisions import Decisions
from sync.scans.looking import look
from sync.scans.model import Scans
from sync.scans.opening import preview
from sync.school import releasing, report_pdf, telling
from sync.school.decisions import Headquarters
from sync.school.gathering import gather
from sync.school.model import SchoolDay

_PIXELS = 1300
_OPENS_S = 1.0
"""About so long new scans are opened in one look: a page waits for it. A release opens them all."""


def desk_for(config: Config) -> Desk:
    """The desk of the configured day, else of the latest there is. Raises ConfigError, Rejected as `gather` does."""
    exam_date = config.exam.date or gather(config).exam_date
    headquarters = Headquarters(config.state)

    def now() -> datetime:
        return datetime.now(config.zone)

    def releases() -> Sequence[Released]:
        receipts = Receipts(config.state, configured_key=config.server_key, tier=config.tier)
        return [
            Released(made.version, made.released_at, made.by, made.incomplete, _is_at_centre(receipts, sha256))
            for made, sha256 in releasing.versions(config.state, exam_date)
        ]

    def release(by: str, reason: str | None) -> None:
        day = gather(config, exam_date)
        releasing.release(config, day, by=by, now=now(), incomplete=reason)

    def report(kind: ReportKind) -> bytes:
        day = gather(config, exam_date)
        return report_pdf.draw(day) if kind == "pdf" else windows.table(telling.table(day))

    def experts(day: SchoolDay, today: date) -> Status:
        found, lacking = voices(day, {})
        return overview.status(day, Book(config.state, exam_date, now).standing(), found, lacking, today)

    def scans() -> Scans:
        people = roster.load(config.roster) if config.roster else {}
        return look(config, people, seconds=_OPENS_S)

    sources = Sources(
        exam_date=exam_date,
        now=now,
        day=lambda: gather(config, exam_date, scan_seconds=_OPENS_S),
        words=Hearing(config, exam_date).words,
        releases=releases,
        release=release,
        decide=headquarters.add,
        report=report,
        reports=("pdf", "csv"),
        experts=experts,
        scans=scans,
        papers=Decisions(config.state),
        preview=lambda file: preview(_place(config.scans, file), pixels=_PIXELS),
        drives=lambda: list(Drives(config.state).all().values()),
    )
    ticks, commands = Ticks(config.state, exam_date), Commands(config.file)
    return Desk(sources, ticks, commands, school=config.school, name=config.school_name)


def _place(folder: Path, file: str) -> Path:
    """Where a scan lies: disks write the same letters in two ways."""
    found = folder / file
    return found if found.exists() else folder / unicodedata.normalize("NFD", file)


def _is_at_centre(receipts: Receipts, sha256: str) -> bool:
    receipt = receipts.stored(sha256)
    return receipt is not None and receipt.tier == "centre"
