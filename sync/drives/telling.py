"""What is told of drives: to a person, and as JSON. Called by `commands`."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from exam.language import say
from sync import wording
from sync.drives.collecting import Collected
from sync.drives.model import Left
from sync.drives.receiving import Taken
from sync.drives.records import Carried
from sync.drives.returning import Returned
from sync.drives.writing import Written
from sync.plan import Key


def left(files: Iterable[Left]) -> Iterator[str]:
    """A line for each file that was not carried, or not taken."""
    for one in files:
        yield f"{one.path}: {say(one.reason.ru, one.reason.en)}"


def written(drive: Written) -> str:
    """What lies on it now."""
    note = drive.note
    way = say("зашифрован", "encrypted") if note.encrypted else say("НЕ зашифрован", "NOT encrypted")
    amount = wording.amount(note.size)
    return say(
        f"Накопитель № {note.number} готов и проверен: файлов {note.files}, {amount}, {way}; {drive.folder}. "
        f"Не вошло файлов: {len(drive.left)}.",
        f"Drive no. {note.number} is ready and proved: {note.files} files, {amount}, {way}; {drive.folder}. "
        f"Left out: {len(drive.left)}.",
    )


def taken(drive: Taken) -> Iterator[str]:
    """What was taken, and what the slip must say."""
    note = drive.note
    yield say(
        f"Школа {note.school}, накопитель № {note.number} от {note.exam_date:%d.%m.%Y}: принято {drive.files} из "
        f"{note.files}.",
        f"School {note.school}, drive no. {note.number} of {note.exam_date}: {drive.files} of {note.files} taken.",
    )
    yield say(f"SHA-256 файла drive.json: {note.sha256}", f"SHA-256 of drive.json: {note.sha256}")
    if drive.receipts:
        yield say("Квитанции записаны на накопитель: верните его школе.", "Receipts are on it: give it back.")
    elif drive.files:
        yield say(
            "Квитанции на накопитель НЕ записаны (нет места или защита от записи): снимите её и примите ещё раз.",
            "The receipts could NOT be put onto the drive (full or write-protected): mend that and repeat.",
        )


def collected(found: Collected) -> str:
    """What was copied from a room's drive."""
    new, known, refused = len(found.new), len(found.known), len(found.refused)
    return say(
        f"Скопировано и проверено записей: {new}; уже были здесь: {known}; не принято: {refused}.",
        f"Recordings copied and proved: {new}; here already: {known}; refused: {refused}.",
    )


def returned(found: Returned) -> Iterator[str]:
    """What the receipts prove."""
    kept, strange, refused = len(found.kept), found.strange, len(found.refused)
    yield say(
        f"Доставка доказана: файлов {kept}; чужих квитанций {strange}; не принято квитанций {refused}.",
        f"Delivery is proved: {kept} files; receipts of others {strange}; receipts refused {refused}.",
    )
    if not found.counted:
        yield say("Отправка работает и учтёт их в течение минуты.", "The agent runs, and counts them within a minute.")


def listed(drive: Carried, arrived: AbstractSet[Key]) -> str:
    """One line of the list of drives."""
    begun = drive.begun
    way = say("зашифрован", "encrypted") if begun.encrypted else say("открыт", "plain")
    proved = sum((file.path, file.sha256) in arrived for file in drive.files)
    return say(
        f"№ {begun.number}  {begun.at:%d.%m.%Y %H:%M}  {begun.by}  файлов {len(drive.files)}, {way}, "
        f"доставка доказана: {proved}  {_state(drive)}",
        f"no. {begun.number}  {begun.at:%d.%m.%Y %H:%M}  {begun.by}  {len(drive.files)} files, {way}, "
        f"proved delivered: {proved}  {_state(drive)}",
    )


def as_json(drive: Carried, arrived: AbstractSet[Key]) -> dict[str, Any]:
    """The same for programs."""
    begun = drive.begun
    return {
        "number": begun.number, "folder": begun.folder, "exam_date": begun.exam_date, "by": begun.by, "at": begun.at,
        "encrypted": begun.encrypted, "made": drive.made is not None, "lost": drive.lost,
        "files": [
            {"path": file.path, "size": file.size, "sha256": file.sha256,
             "delivered": (file.path, file.sha256) in arrived}
            for file in drive.files
        ],
    }  # fmt: skip


def lost(drive: Carried) -> Iterator[str]:
    """What the lost drive held, and what to do."""
    if drive.begun.encrypted:
        yield say(
            f"Накопитель № {drive.begun.number} зашифрован: прочесть записи может только РЦОИ.",
            f"Drive no. {drive.begun.number} is encrypted: only the centre can read the recordings.",
        )
    else:
        yield say(
            f"Накопитель № {drive.begun.number} НЕ зашифрован: имена и голоса детей может прочесть любой. Сообщите "
            "ответственному организатору и РЦОИ сейчас.",
            f"Drive no. {drive.begun.number} is NOT encrypted: anybody can read names and voices of children. Tell the "
            "responsible organizer and the centre now.",
        )
    held = len(drive.files), wording.amount(drive.size)
    yield say(f"На нём было файлов: {held[0]}, {held[1]}:", f"It held {held[0]} files, {held[1]}:")
    for file in drive.files:
        yield f"  {file.path}  {file.sha256}"
    yield say(
        "Записи в школе целы. Сделайте новый накопитель: station-sync drive export.",
        "The recordings are whole at the school. Make another drive: station-sync drive export.",
    )


def _state(drive: Carried) -> str:
    if drive.lost is not None:
        return say(f"УТЕРЯН: {drive.lost.by}: {drive.lost.note}", f"LOST: {drive.lost.by}: {drive.lost.note}")
    return say("готов", "ready") if drive.made is not None else say("НЕ ДОПИСАН", "UNFINISHED")
