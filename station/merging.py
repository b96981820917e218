"""Two folders of one room become one: its computer was replaced during the day. Called by `station merge`.

Files are copied, never moved, overwritten or deleted. The other journal is kept beside ours, under its computer's
number; whoever reads the day reads both.
"""

import itertools
from collections.abc import Callable
from pathlib import Path

from exam import manifest, roomday
from exam.errors import Rejected
from exam.fixity import sha256_of
from station import journal as journals
from station.copying import copy_whole


def merge(source: Path, target: Path, progress: Callable[[str], None]) -> None:
    """Copy into `target` what it lacks of `source`, a day's folder of the same room.

    Raises Rejected, nothing copied, when a name stands for different files in the two, or they are not one day's.
    """
    names = _names(source, target)
    _check(source, target, names)
    for name, kept in sorted(names.items(), key=lambda pair: _turn(pair[0])):
        if not (target / kept).exists():
            for _ in copy_whole(source / name, target / kept):
                pass
            progress(kept)


def _turn(name: str) -> tuple[bool, bool]:
    """A recording counts once its manifest is there, so those come last; what is told of them all after them."""
    return name.endswith(manifest.SUFFIX), roomday.is_room_day(name)


def _names(source: Path, target: Path) -> dict[str, str]:
    """Files of a day's folder, and their names in the merged one."""
    files = [path.name for path in source.iterdir() if path.is_file() and not path.name.startswith(".")]
    return {name: _journal_of(source, target) if name == journals.FILE else name for name in files}


def _journal_of(source: Path, target: Path) -> str:
    """The name under which the other journal is, or will be, kept."""
    for number in itertools.count(2):
        name = f"journal_{number}.jsonl"
        if not _differ(source / journals.FILE, target / name):
            return name
    raise AssertionError


def _check(source: Path, target: Path, names: dict[str, str]) -> None:
    for folder in (source, target):
        if not (folder / journals.FILE).exists():
            raise Rejected(
                f"В папке {folder} нет журнала: это не папка дня. Сначала: station recover {folder}",
                f"{folder} has no journal: not a day's folder. First: station recover {folder}",
                code="not_a_day",
            )
    if source.resolve().name != target.resolve().name:
        raise Rejected(
            f"{source.name} и {target.name} — не один день одной аудитории. Ничего не скопировано.",
            f"{source.name} and {target.name} are not one day of one room. Nothing was copied.",
            code="other_day",
        )
    clashing = [kept for name, kept in names.items() if _differ(source / name, target / kept)]
    if clashing:
        raise Rejected(
            f"Под одним именем разные файлы: {', '.join(sorted(clashing))}. Ничего не скопировано, обе папки целы.",
            f"One name stands for different files: {', '.join(sorted(clashing))}. Nothing was copied, both are whole.",
            code="name_clash",
        )


def _differ(one: Path, other: Path) -> bool:
    if not other.exists():
        return False
    return one.stat().st_size != other.stat().st_size or sha256_of(one) != sha256_of(other)
