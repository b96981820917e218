"""What start-up finds after a crash or a stop, and how the day goes on from it. Nothing is deleted or appended to.

A crashed file is sealed: its header made to agree with its bytes. A take whose own file is not whole is cut
from the stream under a new name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from exam.errors import Rejected
from station import journal as journals
from station.journal import Journal
from station.session import Day, Rules, State, evolve, free_take
from station.session import events as happened
from station.session.events import Event
from station.tape import SUFFIX, seal


def replay(folder: Path) -> Day:
    """The day as its journal tells it. Raises Rejected where a line is broken or cannot follow the ones before."""
    day = Day()
    for entry in journals.read(folder):
        try:
            day = evolve(day, entry.event, entry.wall)
        except (ValueError, LookupError) as error:
            raise Rejected(
                f"Журнал {folder / journals.FILE}: событие {entry.seq} не может идти за прежними ({error}). "
                "Записи целы.",
                f"Journal {folder / journals.FILE}: event {entry.seq} cannot follow those before it ({error}). "
                "The recordings are untouched.",
                code="bad_journal",
            ) from error
    return day


def recover(folder: Path, day: Day, journal: Journal, rules: Rules) -> Day:
    """Seal what a crash left open and write down what it means; the day to go on with."""
    day = _record(day, _loose_ends(day, lambda stem: _sealed_frames(folder, stem) or 0), journal)
    return _record(day, _recuts(day, folder, rules), journal)


def _record(day: Day, events: list[Event], journal: Journal) -> Day:
    for entry in journal.append(events) if events else ():
        day = evolve(day, entry.event, entry.wall)
    return day


def _loose_ends(day: Day, sealed_frames: Callable[[str], int]) -> list[Event]:
    """Pure but for `sealed_frames`: how many frames the file of a stem holds, once sealed."""
    events: list[Event] = []
    part = day.parts[-1] if day.parts else None
    if part is None:
        return events
    length = sealed_frames(part.file.removesuffix(SUFFIX)) if part.frames is None else part.frames
    place: dict[str, Any] = {"stream": part.file, "frame": length}
    if day.take is not None:
        if day.state in {State.RECORDING, State.PAUSED}:
            events.append(happened.TakeStopped(ending="crash", **place))
            events.append(happened.TakeDecided(stem=day.take.stem, decision="interrupted", **place))
        else:
            events.append(happened.TakeDecided(stem=day.take.stem, decision="unreviewed", **place))
    if part.frames is None:
        events.append(happened.StreamEnded(ending="crash", **place))
    return events


def _recuts(day: Day, folder: Path, rules: Rules) -> list[Event]:
    """Takes whose file and spans disagree are to be cut from the stream under the next free name."""
    events: list[Event] = []
    taken = frozenset(path.name for path in folder.iterdir())
    for take in day.takes.values():
        if not take.is_publishable or take.stem in day.published:
            continue
        if _sealed_frames(folder, take.tape) not in {None, sum(span.frames for span in take.spans)}:
            number, stem = free_take(day, rules, taken, take.participant)
            events.append(happened.TakeRecut(stem=take.stem, new_stem=stem, take=number))
            taken |= {stem + SUFFIX}
    return events


def _sealed_frames(folder: Path, stem: str) -> int | None:
    """Frames in a file, once sealed; 0 when it has not even our header; None when there is no such file."""
    try:
        return seal(folder / (stem + SUFFIX))
    except FileNotFoundError:
        return None
    except Rejected:
        return 0
