"""The inventory («опись») of what is handed over, as text and as a table: every file with size and SHA-256.

No I/O.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct

from exam import windows
from exam.language import say
from exam.manifest import Manifest, decision_words
from exam.names import Kind
from exam.roomday import RoomDay
from sync.handing.records import Member, Packed, Spoiled
from sync.plan import ItemKind

NAME = ("опись", "inventory")
_LACKING_AT_MOST = 200


class Lack(Struct, frozen=True):
    """A file that is in no archive, and why."""

    path: str
    reason: str


class Heading(Struct, frozen=True):
    school: str
    exam_date: date


def about(told: Manifest) -> str:
    """Whose recording it is and what became of it, in one line."""
    if told.participant is None:
        kinds = {Kind.STREAM: say("общая запись", "stream"), Kind.REHEARSAL: say("проба звука", "test recording")}
        words = [f"{kinds.get(told.kind, say('запись', 'recording'))}, {say('ауд.', 'room')} {told.room}"]
    else:
        person = told.participant
        words = [f"№ {person.number} {person.full_name}", person.class_name]
    if told.take is not None and told.take > 1:
        words.append(say(f"дубль {told.take}", f"take {told.take}"))
    if told.outcome is not None:
        words.append(decision_words(told.outcome))
    if told.replaces is not None:
        words.append(say(f"взамен «{told.replaces}»", f"instead of “{told.replaces}”"))
    return " ".join(", ".join(word for word in words if word).split())


def about_room(told: RoomDay) -> str:
    """Which room's record it is, in one line."""
    return say(f"сведения аудитории {told.room}, № {told.number}", f"record of room {told.room}, no. {told.number}")


def about_paper(kind: ItemKind) -> str:
    """What a file beside the recordings is, in one line."""
    return say("опись комплекта", "the package's manifest") if kind == "package" else say("скан", "a scan")


def inside(
    heading: Heading, zip_name: str, members: Sequence[Member], lacking: Sequence[Lack], *, alone: bool
) -> bytes:
    """The one in a ZIP, which cannot hold the ZIP's own SHA-256. `alone`: larger than archives are to be."""
    return windows.text(
        [
            *_titled(heading),
            say(f"Архив {zip_name}", f"Archive {zip_name}"),
            say(
                "SHA-256 самого архива — в описи, которая лежит рядом с архивами.",
                "The SHA-256 of the archive itself is in the inventory beside the archives.",
            ),
            *([_oversize()] if alone else []),
            "",
            *_table(members),
            "",
            _total([], members),
            *_lacking(lacking),
            *_closing(),
        ]
    )


def beside(heading: Heading, packed: Sequence[Packed], spoiled: Sequence[Spoiled], lacking: Sequence[Lack]) -> bytes:
    """The one beside all the ZIPs of a date."""
    lines = _titled(heading)
    for archive in packed:
        lines += [
            say(f"Архив {archive.zip}", f"Archive {archive.zip}"),
            say(f"байт: {archive.size}", f"bytes: {archive.size}"),
            f"SHA-256: {archive.sha256}",
            *([_oversize()] if archive.size > archive.limit else []),
            "",
            *_table(archive.members),
            "",
        ]
    lines.append(_total(packed, [member for archive in packed for member in archive.members]))
    if spoiled:
        lines += ["", say("НЕ ПЕРЕДАВАТЬ, заменены другими архивами:", "NOT TO BE HANDED OVER, replaced by others:")]
        lines += [f"  {each.zip}: {say(each.reason.ru, each.reason.en)}" for each in spoiled]
    return windows.text([*lines, *_lacking(lacking), *_closing()])


def table(packed: Iterable[Packed], lacking: Iterable[Lack]) -> bytes:
    """For Excel."""
    rows = [
        (
            "№", say("Файл", "File"), say("Участник", "Participant"), say("Размер, байт", "Size, bytes"), "SHA-256",
            "ZIP", say("SHA-256 архива", "SHA-256 of the ZIP"), say("Примечание", "Note"),
        )
    ]  # fmt: skip
    members = [(archive, member) for archive in packed for member in archive.members]
    for number, (archive, member) in enumerate(members, 1):
        about_it = (str(number), member.name, member.about, str(member.size), member.sha256)
        rows.append((*about_it, archive.zip, archive.sha256, ""))
    rows += [("", lack.path, "", "", "", "", "", f"{_not_here()}: {lack.reason}") for lack in lacking]
    return windows.table(rows)


def _titled(heading: Heading) -> list[str]:
    day = f"{heading.exam_date:%d.%m.%Y}"
    return [
        say("ОПИСЬ записей итогового собеседования", "INVENTORY of recordings of the oral exam"),
        say(f"Школа {heading.school}, дата проведения {day}", f"School {heading.school}, exam date {day}"),
        "",
    ]


def _table(members: Iterable[Member]) -> Iterator[str]:
    yield f"{'№':>4}  {say('байт', 'bytes'):>12}  {'SHA-256':<64}  {say('файл (участник)', 'file (participant)')}"
    for number, member in enumerate(members, 1):
        about_it = f" ({member.about})" if member.about else ""
        yield f"{number:>4}  {member.size:>12}  {member.sha256:<64}  {member.name}{about_it}"


def _total(packed: Sequence[Packed], members: Sequence[Member]) -> str:
    size = sum(member.size for member in members)
    archives = say(f"архивов {len(packed)}, ", f"archives {len(packed)}, ") if packed else ""
    return say(
        f"ИТОГО: {archives}файлов {len(members)}, байт {size}", f"TOTAL: {archives}files {len(members)}, bytes {size}"
    )


def _lacking(lacking: Sequence[Lack]) -> list[str]:
    if not lacking:
        return [
            "",
            say("НЕ ВОШЛО: ничего, упаковано всё, что записано.", "LACKING: nothing, all that was recorded is packed."),
        ]
    more = len(lacking) - _LACKING_AT_MOST
    return [
        "",
        say(f"НЕ ВОШЛО, файлов {len(lacking)}:", f"LACKING, files {len(lacking)}:"),
        *(f"  {each.path}: {each.reason}" for each in lacking[:_LACKING_AT_MOST]),
        *([say(f"  и ещё {more}: station-sync status", f"  and {more} more: station-sync status")] if more > 0 else []),
    ]


def _closing() -> list[str]:
    line = "_" * 24
    return [
        "",
        say(
            "Проверить в Windows: certutil -hashfile ИМЯ SHA256; должно получиться то же число.",
            "To check on Windows: certutil -hashfile NAME SHA256 gives the same number.",
        ),
        say(
            "Здесь имена и голоса несовершеннолетних: храните под замком, о пропаже сообщите сразу.",
            "Names and voices of minors: keep them locked away, report a loss at once.",
        ),
        "",
        say(
            f"Сдал {line}  Принял {line}  Дата, время {line}", f"Handed over {line}  Received {line}  Date, time {line}"
        ),
        "",
    ]


def _oversize() -> str:
    return say(
        "Больше заданного размера архивов: одна запись больше его и не делится.",
        "Larger than archives are to be: one recording is larger, and is not split.",
    )


def _not_here() -> str:
    return say("не вошло", "lacking")
