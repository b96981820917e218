"""The inventory («опись») of a day on a drive, as text and as a table: every file with size and SHA-256. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from exam import windows
from exam.language import say
from exam.manifest import Manifest, decision_words
from exam.names import Kind
from station.exporting.choosing import Left
from station.roomsheet.rows import Place


class Entry(Struct, frozen=True):
    """A file on the drive; `recording`: what it belongs to, None for papers. `size` in bytes."""

    file: str
    size: int
    sha256: str
    recording: Manifest | None = None


def as_text(
    place: Place, until: datetime | None, entries: Sequence[Entry], *, left: Sequence[Left], put_by: Sequence[Left]
) -> bytes:
    """For a person. `left`: what should be there and is not; `put_by`: what is not meant to; `until`: as of when."""
    size = sum(entry.size for entry in entries)
    lines = [
        say("ОПИСЬ", "INVENTORY"),
        f"{place.school_name} ({place.school})" if place.school_name else place.school,
        say(f"Аудитория {place.room}, {place.exam_date:%d.%m.%Y}", f"Room {place.room}, {place.exam_date:%d.%m.%Y}"),
        _as_of(until, place),
        say(f"Файлов: {len(entries)}, байт: {size}", f"Files: {len(entries)}, bytes: {size}"),
        "",
        *(f"{entry.sha256}  {entry.size:>12}  {entry.file}" for entry in entries),
        *_listed(say("НЕ СКОПИРОВАНО:", "NOT COPIED:"), left),
        *_listed(say("НЕ ВХОДИТ В КОМПЛЕКТ, осталось на компьютере:", "NO PART OF THE PACKAGE, left here:"), put_by),
        "",
        say(
            "Проверить файл в Windows: certutil -hashfile ИМЯ SHA256; должно получиться число слева от имени.",
            "To check a file on Windows: certutil -hashfile NAME SHA256 gives the number on the left.",
        ),
        say(
            "Здесь имена и голоса несовершеннолетних: храните накопитель под замком, пропажу сообщите сразу.",
            "Names and voices of minors: keep the drive locked away, report a loss at once.",
        ),
    ]
    return windows.text(lines)


def as_table(entries: Iterable[Entry]) -> bytes:
    """For Excel."""
    heading = (
        say("Файл", "File"), say("Размер, байт", "Size, bytes"), "SHA-256", say("Что это", "What it is"),
        say("№", "No."), say("Участник", "Participant"), say("Класс", "Class"), say("Дубль", "Take"),
        say("Вариант", "Variant"), say("Решение", "Decision"),
    )  # fmt: skip
    rows = [(entry.file, str(entry.size), entry.sha256, *_told(entry.recording)) for entry in entries]
    return windows.table([heading, *rows])


def _as_of(until: datetime | None, place: Place) -> str:
    at = f"{until.astimezone(place.zone):%d.%m.%Y %H:%M:%S}" if until is not None else "—"
    return say(f"По журналу станции на {at}", f"By the station's journal as of {at}")


def _listed(heading: str, left: Sequence[Left]) -> list[str]:
    return ["", heading, *(f"  {each.file}: {each.text}" for each in left)] if left else []


def _told(recording: Manifest | None) -> Sequence[str]:
    if recording is None:
        return (say("документ", "paper"), *[""] * 6)
    kinds = {
        Kind.PARTICIPANT: say("запись участника", "participant's recording"),
        Kind.STREAM: say("общая запись", "stream"),
        Kind.REHEARSAL: say("проба звука", "test recording"),
    }
    person = recording.participant
    who = ("", "", "")
    if person is not None:
        who = (str(person.number), person.full_name, person.class_name)
    take = str(recording.take or "")
    decision = decision_words(recording.outcome) if recording.outcome is not None else ""
    return (kinds[recording.kind], *who, take, recording.variant or "", decision)
