"""What the headquarters were told of the room, held against the journals: each computer's last record (invariant 10).

A record not published yet is no breach, as a manifest is none; that it lags behind a closed day is noted.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from exam import roomday
from exam.errors import ExamError
from exam.language import say
from exam.manifest import SUFFIX
from exam.roomday import RoomDay
from station import journal as journals
from station.roomrecord import computer_of, known_of, stated_in
from station.session import Day, State, evolve
from station.verify.report import Breach, Note


class _Witness(Struct, frozen=True):
    """A journal: the day it tells, and as it told it when the file had the SHA-256 `then`."""

    file: str
    whole: Day
    then: Mapping[str, Day]


def check(folder: Path) -> Iterator[Breach | Note]:
    """The records of a day's folder."""
    last: dict[int, RoomDay] = {}
    for path in sorted(folder.iterdir()):
        number = roomday.number_of(path.name)
        if number is None:
            continue
        try:
            told = roomday.load(path)
        except (ExamError, OSError) as error:
            yield Breach(10, path.name, str(error))
            continue
        if told.file != path.name.partition("~")[0].removesuffix(SUFFIX) + SUFFIX:
            yield Breach(4, path.name, say("имя файла не совпадает с содержанием", "the name is not what it says"))
        last[computer_of(number)] = told
    yield from _against_journals(folder, last.values())


def _against_journals(folder: Path, last: Collection[RoomDay]) -> Iterator[Breach | Note]:
    files = [file for file in (journals.FILE, *journals.others(folder)) if (folder / file).exists()]
    witnesses = [_heard(folder, file, {told.journal for told in last}) for file in files]
    told_by = {told.file: [each for each in witnesses if told.journal in each.then] for told in last}
    for told in last:
        for witness in told_by[told.file]:
            if known_of(witness.then[told.journal]) != stated_in(told):
                yield Breach(10, told.file, say("расходится с журналом", "it disagrees with the journal"))
            elif _is_told(witness.whole) and known_of(witness.whole) != stated_in(told):
                yield Note(told.file, _lags())
        if not told_by[told.file]:  # the journal was lost and told anew; or somebody rewrote one of the two
            told_by[told.file] = [each for each in witnesses if known_of(each.whole) == stated_in(told)]
            if not told_by[told.file] and any(_is_told(witness.whole) for witness in witnesses):
                yield Breach(10, told.file, say("сделана не по этому журналу", "it was made of another journal"))
    for witness in witnesses:
        if _is_told(witness.whole) and not any(witness in found for found in told_by.values()):
            yield Note(witness.file, _lags())


def _heard(folder: Path, file: str, wanted: set[str]) -> _Witness:
    """What is wrong with a journal itself is told elsewhere."""
    digest, day = hashlib.sha256(), Day()
    then: dict[str, Day] = {}
    for line in (folder / file).read_bytes().splitlines(keepends=True):
        digest.update(line)
        try:
            entry = journals.parse(line)
            day = evolve(day, entry.event, entry.wall)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, LookupError):
            continue
        if (then_was := digest.hexdigest()) in wanted:
            then[then_was] = day
    return _Witness(file, day, then)


def _is_told(day: Day) -> bool:
    """Whether the headquarters were to be told of it: it was closed."""
    return day.state is State.CLOSED and day.closed_at is not None


def _lags() -> str:
    return say(
        "сведения аудитории для Штаба отстают от журнала: запустите станцию или station recover, и выйдут новые",
        "the room's record for the headquarters lags behind the journal: start the station or run station recover",
    )
