"""The words of `station verify`: heads as typed or listed, the report and the day's heads in lines."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from exam.language import say
from station import journal
from station.heads import Row, heads_for_paper
from station.verify import Claim, Report, claims


def heads(text: str) -> list[Claim]:
    """A head as typed, or those of a file in its order. Raises ArgumentTypeError when it is neither."""
    path = Path(text)
    try:
        return claims.read(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else [claims.claim(text)]
    except (ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def rows(folder: Path) -> tuple[Row, ...]:
    """The heads of a day's journal, for paper. Raises Rejected where the journal is broken."""
    return heads_for_paper(journal.read(folder))


def printed(found: Sequence[Row]) -> Iterator[str]:
    """A line for each: time, take, stream file, frames covered, head. `heads` reads them back."""
    for row in found:
        yield f"{row.at}\t{row.take or '—'}\t{row.stream}\t{row.frame}\t{row.printed}"
    if not found:
        yield say("# В журнале ещё нет контрольных кодов.", "# The journal holds no heads yet.")


def told(report: Report, asked: int) -> Iterator[str]:
    """The report in lines. `asked`: how many heads from paper were given."""
    for breach in report.breaches:
        yield say("Нарушение", "Breach") + f" {breach.invariant}: {breach.file}: {breach.text}"
    for note in report.notes:
        yield f"{note.file}: {note.text}"
    if asked:
        yield say("Подтверждено контрольных кодов", "Heads confirmed") + f": {report.confirmed}/{asked}"
    if report.ok:
        yield say(f"Всё в порядке: записей {report.recordings}.", f"All is well: {report.recordings} recordings.")
