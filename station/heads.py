"""The heads of the stream's hash chain as they are printed: one row for each head the journal holds. Pure.

Called by the papers and by `station verify --heads`. A head on paper, out of reach of whoever has the disk, proves
every frame before it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from station.journal import Entry
from station.session import Day, evolve
from station.session.events import ChainHead, ClockCorrected, StreamEnded

PRINTED_DIGITS = 20
"""80 bits: beyond what anybody can forge by trying, five groups to type."""

_GROUP = 4


class Row(Struct, frozen=True):
    """A head. `take`: the stem of a take of which this is the first head after its end, None for a mere minute.

    `at`: time of day, HH:MM:SS. `frame`: how many frames of `stream` the head covers. `printed`: its first digits.
    """

    at: str
    participant: int | None
    take: str | None
    stream: str
    frame: int
    head: str
    printed: str


class _Head(Struct, frozen=True):
    wall: datetime
    stream: str
    frame: int
    head: str


def heads_for_paper(entries: Iterable[Entry]) -> tuple[Row, ...]:
    """Every head in the order it was journaled; one row for each take it is the first to cover, else one alone."""
    day, heads = Day(), list[_Head]()
    for entry in entries:
        day = evolve(day, entry.event, entry.wall)
        event = entry.event
        if isinstance(event, ClockCorrected):
            heads = [replace(head, wall=head.wall + timedelta(seconds=event.seconds)) for head in heads]
        if isinstance(event, ChainHead | StreamEnded) and event.head and event.stream:
            heads.append(_Head(entry.wall, event.stream, event.frame, event.head))
    rows: list[Row] = []
    covering = _first_covering(day, heads)
    for head in heads:
        takes = covering.get(head, ())
        rows += [_row(head, day.takes[stem].participant, stem) for stem in takes] or [_row(head, None, None)]
    return tuple(rows)


def in_groups(head: str) -> str:
    """The first digits of a head as they are printed and typed: `ab12 cd34 ...`."""
    return " ".join(head[start : start + _GROUP] for start in range(0, PRINTED_DIGITS, _GROUP))


def _first_covering(day: Day, heads: Iterable[_Head]) -> dict[_Head, list[str]]:
    """By head, the takes whose end it is the first to cover; takes no head covers yet are left out."""
    found: dict[_Head, list[str]] = {}
    ordered = list(heads)
    for take in day.takes.values():
        end = take.end
        if end is None or not take.counts or take.stem == day.current:
            continue
        head = next((head for head in ordered if head.stream == end.stream and head.frame >= end.frame), None)
        if head is not None:
            found.setdefault(head, []).append(take.stem)
    return found


def _row(head: _Head, participant: int | None, take: str | None) -> Row:
    at = f"{head.wall:%H:%M:%S}"
    return Row(at, participant, take, head.stream, head.frame, head.head, in_groups(head.head))
