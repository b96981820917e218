"""Which files go into which ZIP: a recording with its manifest, a participant whole where that fits; what
stands alone after the recordings of its day. Pure."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from exam.manifest import Manifest
from exam.names import Kind
from sync import naming
from sync.plan import Found, Key

_ENTRY_BYTES = 600
"""At most what a ZIP with its inventory needs for a file beside its content, names left out of account."""
_NAMES = 4
"""How often a file's name and words are written: twice by the ZIP itself, in the inventory, and one to spare."""


class File(Struct, frozen=True):
    """A file to pack as `name`, `at` being the time it bears; `about`: whose it is, for the inventory."""

    found: Found
    name: str
    about: str
    at: datetime

    @property
    def weight(self) -> int:
        """Bytes it adds to a ZIP, at most."""
        return self.found.item.size + _ENTRY_BYTES + _NAMES * len((self.name + self.about).encode())


class Bundle(Struct, frozen=True):
    """What belongs together: `units` are recordings with their manifests, of one participant or of none."""

    exam_date: date
    units: tuple[tuple[File, ...], ...]

    @property
    def files(self) -> tuple[File, ...]:
        return tuple(file for unit in self.units for file in unit)


def bundles(
    pairs: Iterable[tuple[Manifest, Sequence[Found]]], names: Callable[[Found], str], about: Callable[[Manifest], str]
) -> list[Bundle]:
    """The bundles in the order of a school: dates, participants by number, then streams.

    `pairs`: what a manifest tells, with those files of the recording that are to be packed.
    """
    grouped: dict[tuple[object, ...], list[tuple[Manifest, Sequence[Found]]]] = {}
    for told, found in sorted(pairs, key=lambda pair: _place(*pair)):
        grouped.setdefault(_belongs(told, found), []).append((told, found))
    return [
        Bundle(
            group[0][0].exam_date,
            tuple(
                tuple(File(one, names(one), about(told), told.ended_at) for one in found)
                for told, found in group
            ),
        )
        for group in grouped.values()
    ]  # fmt: skip


class Alone(Struct, frozen=True):
    """What belongs to no recording: a room's record, a scan, a package's manifest. `about`: what it is, in words."""

    found: Found
    exam_date: date
    about: str
    at: datetime


def with_alone(recordings: Iterable[Bundle], others: Iterable[Alone], names: Callable[[Found], str]) -> list[Bundle]:
    """The bundles with what stands alone, after the recordings of its day."""
    alone = [Bundle(one.exam_date, ((File(one.found, names(one.found), one.about, one.at),),)) for one in others]
    return sorted([*recordings, *alone], key=lambda bundle: bundle.exam_date)


def loads(together: Iterable[Bundle], limit: int) -> Iterator[Bundle]:
    """What each next ZIP holds, `limit` bytes at most: in order, so that participants follow each other.

    Whoever fits into no ZIP whole is split between recordings; a recording that fits into none has one to itself.
    """
    filling: Bundle | None = None
    for bundle in together:
        whole = _weight(bundle) <= limit
        for part in [bundle] if whole else [Bundle(bundle.exam_date, (unit,)) for unit in bundle.units]:
            if filling and (filling.exam_date != part.exam_date or _weight(filling) + _weight(part) > limit):
                yield filling
                filling = None
            filling = Bundle(part.exam_date, (filling.units if filling else ()) + part.units)
    if filling:
        yield filling


def free_name(found: Found, taken: Mapping[str, Key]) -> str:
    """What a ZIP calls the file: its path, marked where another of that name is handed over, too.

    `taken`: by `folded` name. Windows unpacks names that differ in case, and other systems those that differ in the
    spelling of letters, over each other.
    """
    folder, slash, name = found.item.path.rpartition("/")
    for candidate in naming.candidates(name, found.item.sha256):
        if taken.get(folded(folder + slash + candidate), found.item.key) == found.item.key:
            return folder + slash + candidate
    raise AssertionError("a name with the whole SHA-256 is taken by other content")


def folded(name: str) -> str:
    """Names that some system takes for one have this in common."""
    return unicodedata.normalize("NFC", name).casefold()


def _weight(bundle: Bundle) -> int:
    return sum(file.weight for file in bundle.files)


def _place(told: Manifest, found: Sequence[Found]) -> tuple[date, bool, int, str]:
    number = told.participant.number if told.participant else 0
    return told.exam_date, told.kind is Kind.STREAM, number, found[0].item.path


def _belongs(told: Manifest, found: Sequence[Found]) -> tuple[object, ...]:
    """Rooms change between takes; the school's number stays the participant's."""
    if told.participant is None:
        return told.exam_date, found[0].item.path
    return told.exam_date, told.school, told.participant.number
