"""What of a day goes to a drive: every published recording, participants' first, each manifest after its files.

Reads only. What a later recording replaced, or a person cancelled, stays at the station: experts must not hear one
child under two names.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from exam import manifest, oswords, roomday
from exam.errors import ExamError
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind
from station import tally
from station.config import Recording
from station.copying import CHAIN_SUFFIX
from station.session import Day

_ORDER = {Kind.PARTICIPANT: 0, Kind.REHEARSAL: 1, Kind.STREAM: 2}


class File(Struct, frozen=True):
    """A file that is to go, whole and unchanged. `sha256`: what it must be, None where nothing tells."""

    name: str
    path: Path
    size: int
    sha256: str | None = None
    recording: Manifest | None = None

    @property
    def is_sound(self) -> bool:
        """Whether it can be listened to."""
        return not self.name.endswith((manifest.SUFFIX, CHAIN_SUFFIX))


class Left(Struct, frozen=True):
    """What does not go, and why. `code`: unpublished, replaced, no_manifest, no_file, damaged, too_large, other."""

    file: str
    code: str
    text: str


class Choice(Struct, frozen=True):
    """`files` in the order in which they go; `left`: what should go and cannot; `put_by`: what is not meant to."""

    files: tuple[File, ...]
    left: tuple[Left, ...]
    put_by: tuple[Left, ...]


def choose(folder: Path, day: Day, recording: Recording) -> Choice:
    """What of the day in `folder` goes. `recording`: what the school publishes."""
    manifests, broken = _manifests(folder)
    put_by = tuple(_replaced(day, stem) for stem in manifests if not _counts(day, stem))
    going = {stem: told for stem, told in manifests.items() if _counts(day, stem)}
    ordered = sorted(going.values(), key=lambda told: (_ORDER[told.kind], told.started_at, told.stem))
    found = [each for told in ordered for each in _files(folder, told, day.published)]
    chosen = tuple(each for each in found if isinstance(each, File))
    lost = tuple(each for each in found if isinstance(each, Left))
    due = tally.still_due(day, recording)
    gone = [stem for stem in day.published if _counts(day, stem) and stem not in manifests]
    named = {left.file.removesuffix(manifest.SUFFIX) for left in broken}
    left = (*(_unpublished(stem) for stem in due), *(_lost(stem) for stem in gone if stem not in named))
    return Choice(chosen, (*left, *broken, *lost), put_by)


def _manifests(folder: Path) -> tuple[dict[str, Manifest], list[Left]]:
    found: dict[str, Manifest] = {}
    broken: list[Left] = []
    for path in sorted(folder.glob(f"*{manifest.SUFFIX}")):
        if path.name.startswith(".") or roomday.is_room_day(path.name):
            continue
        try:
            found[manifest.stem_of(path)] = manifest.load(path)
        except (ExamError, OSError) as error:
            broken.append(Left(path.name, "no_manifest", str(error)))
    return found, broken


def _counts(day: Day, stem: str) -> bool:
    return stem not in day.takes or day.takes[stem].counts


def _files(folder: Path, told: Manifest, published: Mapping[str, tuple[str, str]]) -> Iterator[File | Left]:
    """Encoded copies first, as they are what is listened to; the manifest last."""
    wanted = [(each.file, each.sha256) for each in told.deliveries]
    wanted.append((told.audio.file, told.sha256))
    for name, sha256 in wanted:
        yield _file(folder, name, sha256, told)
    chain = told.stem + CHAIN_SUFFIX
    if told.kind is Kind.STREAM and (folder / chain).exists():
        yield _file(folder, chain, None, told)
    _, its_own = published.get(told.stem, ("", ""))
    yield _file(folder, told.stem + manifest.SUFFIX, its_own or None, told)


def _file(folder: Path, name: str, sha256: str | None, told: Manifest) -> File | Left:
    path = folder / name
    try:
        return File(name, path, path.stat().st_size, sha256, told)
    except OSError as error:
        return Left(name, "no_file", say(f"не читается: {oswords.ru(error)}", f"cannot be read: {error.strerror}"))


def _unpublished(stem: str) -> Left:
    return Left(stem, "unpublished", say("ещё не оформлена", "not published yet"))


def _lost(stem: str) -> Left:
    return Left(stem, "no_manifest", say("описание записи пропало", "its manifest is gone"))


def _replaced(day: Day, stem: str) -> Left:
    successor = next((take.stem for take in day.takes.values() if take.replaces == stem), None)
    if successor is None:
        return Left(stem, "replaced", say("отменена", "cancelled"))
    return Left(stem, "replaced", say(f"заменена записью {successor}", f"replaced by {successor}"))
