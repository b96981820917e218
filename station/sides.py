"""A day's two folders at start-up: which one knows more and is the day's, and what it lacks that the other has.

Used by the service and `verify`. The second disk may be absent, hung or ahead; nothing here waits for it long.
"""

import errno
import logging
import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from exam import durable
from exam.audio import AudioFormat
from exam.errors import ExamError, Rejected
from exam.language import say
from station import copying, disks, journal
from station.config import Config
from station.copying import Differs, NoTape
from station.session import Day
from station.tape import HEADER_BYTES, SUFFIX

_PATIENCE_S = 10.0
_FETCHED_AT_ONCE = 64 << 20  # what a power cut can have taken is far less

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Sides(Struct, frozen=True):
    """`day` is recorded to, `other` is its mirror; `answers`: whether the other can be reached now."""

    day: Path
    other: Path | None = None
    answers: bool = False


def choose(first: Path, second: Path | None) -> Sides:
    """The folder whose journal knows more is the day's, then the one that holds more, then the first. Reads only."""
    if second is None:
        return Sides(first)
    try:
        knows_more = _within(_PATIENCE_S, lambda: _is_ahead(second, first))
    except (OSError, Rejected) as error:
        _log.warning("%s: %s", second, error)
        return Sides(first, second)
    return Sides(second, first, answers=True) if knows_more else Sides(first, second, answers=True)


def day_folder(config: Config) -> Path:
    """Where the day is now: in the folder, or in its mirror, should the disk have failed."""
    return choose(config.day_folder, config.second_day_folder).day


def usable(sides: Sides) -> Sides:
    """The same with the day's folder made, or, where its disk takes nothing, on the other side. Raises OSError."""
    try:
        _open(sides.day)
    except OSError as error:
        if sides.other is None or not sides.answers:
            raise
        _log.warning("%s", error)
        _open(sides.other)
        return Sides(sides.other, sides.day, answers=True)
    return sides


def _open(folder: Path) -> None:
    durable.make_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(folder))


def fetch(sides: Sides, day: Day) -> None:
    """Before the day's torn files are sealed: their ends, where the other folder has more of them."""
    part = day.parts[-1] if day.parts else None
    names = [part.file] if part is not None and part.frames is None else []
    names += [day.take.tape + SUFFIX] if day.take is not None else []
    if sides.other is None or not sides.answers:
        return
    other = sides.other
    for name in names:
        try:
            _within(_PATIENCE_S, partial(_fetch, other / name, sides.day / name))
        except (OSError, Differs, NoTape) as error:
            _log.warning("%s: %s", other / name, error)


def finished_tapes(day: Day, shape: AudioFormat) -> dict[str, int]:
    """Names and bytes of the stream parts that ended."""
    return {part.file: HEADER_BYTES + part.frames * shape.frame_bytes for part in day.parts if part.frames}


def _fetch(other: Path, ours: Path) -> None:
    if copying.size_of(other) > copying.size_of(ours):
        copied = copying.bring_level(other, ours, _FETCHED_AT_ONCE)
        _log.warning("%s: %s", ours, say(f"дополнен из {other.parent}", f"completed from {other.parent}"))
        if copied.missing:
            _log.warning("%s: %s", ours, say(f"ещё {copied.missing} байт", f"{copied.missing} bytes more"))


def _is_ahead(second: Path, first: Path) -> bool:
    """Whether the day is to go on in the second folder."""
    if not second.is_dir():
        return False
    try:
        ours, theirs = _lines(first), _lines(second)
    except OSError as error:
        _log.warning("%s: %s", first, error)
        return True
    disks.check_separate(first, second)
    if ours == theirs:  # a disk without space may have taken the journal's lines and nothing else
        return _held(second) > _held(first)
    if ours.startswith(theirs) or theirs.startswith(ours):
        return len(theirs) > len(ours)
    is_later = _last(second) > _last(first)
    _log.warning(
        "%s",
        say(
            f"журналы {first} и {second} разошлись; день продолжится в той, где последнее событие позже, другой журнал "
            "сохранится рядом под новым именем",
            f"the journals of {first} and {second} diverge; the day goes on in the one with the later last event, the "
            "other journal is kept beside under a new name",
        ),
    )
    return is_later


def _lines(folder: Path) -> bytes:
    """The journal's whole lines."""
    try:
        written = (folder / journal.FILE).read_bytes()
    except FileNotFoundError:
        return b""
    return written[: written.rfind(b"\n") + 1]


def _held(folder: Path) -> tuple[int, int]:
    """Bytes of its tapes, and how many files there are."""
    return sum(copying.size_of(path) for path in folder.glob(f"*{SUFFIX}")), len(list(folder.glob("*")))


def _last(folder: Path) -> float:
    """When the last event was noted; the beginning of time where the journal cannot be read."""
    try:
        return max((entry.wall.timestamp() for entry in journal.read(folder)), default=0.0)
    except ExamError:
        return 0.0


def _within(seconds: float, act: Callable[[], T]) -> T:
    """Do it on a thread of its own, which a hung disk may keep. Raises TimeoutError, and what `act` raises."""
    ended: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            ended.put((act(), None))
        except (OSError, Rejected, Differs, NoTape) as error:
            ended.put((None, error))

    threading.Thread(target=work, name="second disk", daemon=True).start()
    try:
        result, error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(say("диск не отвечает", "the disk does not answer")) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
