"""The hand-over slip of one drive («сдал / принял»), one page as PDF: what went with it, and two people's signatures.

No child is named on it. Called by `commands`, which imports it only to draw: what draws is slow to load.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from msgspec import Struct
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table
from reportlab.platypus.tables import TableStyle

from exam import drawing
from exam.drawing import BODY, CODE, COLUMN, GRID, SAID, TITLE
from exam.language import say
from sync.drives.records import Carried
from sync.school import package

_WORD = 8
_ROOMS_SHOWN = 22
_ROW_MM, _LABEL_MM, _VALUE_MM = 8, 60, 120


class Slip(Struct, frozen=True):
    """`sha256`: of the drive's note."""

    school: str
    school_name: str
    drive: Carried
    sha256: str


def draw(slip: Slip) -> bytes:
    """The page as a PDF file."""
    title = say("Передача накопителя", "Hand-over of a drive")
    return drawing.drawn(lambda: list(_story(slip)), title=title, size=A4)


def rooms(drive: Carried) -> list[tuple[str, int, int]]:
    """Of each room, or other folder: its name, files, bytes."""
    found: dict[str, tuple[int, int]] = {}
    for file in drive.files:
        name = file.path.partition("/")[0]
        files, size = found.get(name, (0, 0))
        found[name] = files + 1, size + file.size
    return [(name, files, size) for name, (files, size) in sorted(found.items())]


def groups(sha256: str) -> str:
    """A SHA-256 as two people compare it aloud."""
    return " ".join(sha256[at : at + _WORD] for at in range(0, len(sha256), _WORD))


def _story(slip: Slip) -> Iterator[Flowable]:
    drive = slip.drive
    yield Paragraph(say("ПЕРЕДАЧА НАКОПИТЕЛЯ С ЗАПИСЯМИ", "HAND-OVER OF A DRIVE WITH RECORDINGS"), TITLE)
    yield Paragraph(say("Итоговое собеседование по русскому языку", "Oral exam in Russian"), SAID)
    yield Spacer(0, 4 * mm)
    yield _table([[Paragraph(escape(label), BODY), Paragraph(value, SAID)] for label, value in _told(slip)],
                 [_LABEL_MM, _VALUE_MM], heads=False)  # fmt: skip
    yield Spacer(0, 5 * mm)
    heading = [say("Аудитория (папка)", "Room (folder)"), say("Файлов", "Files"), say("Байт", "Bytes")]
    rows = [[Paragraph(word, COLUMN) for word in heading]]
    counted = rooms(drive)
    for name, files, size in counted[:_ROOMS_SHOWN]:
        rows.append(
            [Paragraph(escape(_in_words(name)), BODY), Paragraph(str(files), BODY), Paragraph(_bytes(size), BODY)]
        )
    if more := counted[_ROOMS_SHOWN:]:
        words = say(f"ещё папок: {len(more)}", f"{len(more)} more folders")
        files, size = sum(one[1] for one in more), sum(one[2] for one in more)
        rows.append([Paragraph(words, BODY), Paragraph(str(files), BODY), Paragraph(_bytes(size), BODY)])
    yield _table(rows, [100, 30, 50], heads=True)
    yield Spacer(0, 5 * mm)
    yield Paragraph(_advice(encrypted=drive.begun.encrypted), SAID)
    yield Spacer(0, 8 * mm)
    yield drawing.signatures([say("Сдал:", "Handed over:"), say("Принял:", "Received:")])
    yield Spacer(0, 4 * mm)
    told = say("Передан «____» ______________ 20____ г. в ____ час. ____ мин.", "Handed over on ____________ at ______")
    yield Paragraph(told, SAID)


def _told(slip: Slip) -> Iterator[tuple[str, str]]:
    begun = slip.drive.begun
    school = f"{slip.school_name} ({slip.school})" if slip.school_name else slip.school
    yield say("Школа", "School"), escape(school)
    yield say("День экзамена", "Exam day"), f"{begun.exam_date:%d.%m.%Y}"
    yield say("Накопитель", "Drive"), f"№ {begun.number}, {escape(begun.folder)}"
    made = slip.drive.made.at if slip.drive.made else begun.at
    yield say("Записал", "Written by"), f"{escape(begun.by)}, {made:%d.%m.%Y %H:%M}"
    yield say("Файлов, байт", "Files, bytes"), f"{len(slip.drive.files)}, {_bytes(slip.drive.size)}"
    ways = say("да, прочтёт только РЦОИ", "yes, only the centre can read them"), say("НЕТ", "NO")
    yield say("Зашифрован", "Encrypted"), ways[not begun.encrypted]
    yield (
        say("SHA-256 файла drive.json", "SHA-256 of drive.json"),
        f'<font name="{CODE.fontName}">{_halves(slip.sha256)}</font>',
    )


def _in_words(folder: str) -> str:
    """A folder as it is found on a plain drive, and what it is."""
    what = folder.partition("_")[2]
    if what == package.WORD:
        return say(f"комплект ({folder})", f"the package ({folder})")
    return say(f"аудитория {what} ({folder})", f"room {what} ({folder})")


def _halves(sha256: str) -> str:
    half = len(sha256) // 2
    return f"{groups(sha256[:half])}<br/>{groups(sha256[half:])}"


def _advice(*, encrypted: bool) -> str:
    compare = say("Принимая, сверьте SHA-256 с тем, что показывает station-sync drive receive.",
                  "When receiving, compare the SHA-256 with the one station-sync drive receive shows.")  # fmt: skip
    keep = say("Голоса и имена несовершеннолетних: накопитель передаётся из рук в руки, о пропаже сообщают сразу.",
               "Voices and names of minors: the drive goes from hand to hand, a loss is reported at once.")  # fmt: skip
    return f"{compare} {keep}" if not encrypted else compare


def _bytes(size: int) -> str:
    return f"{size:,}".replace(",", "\N{NO-BREAK SPACE}")


def _table(rows: list[list[Paragraph]], widths_mm: list[float], *, heads: bool) -> Table:
    table = Table(rows, colWidths=[width * mm for width in widths_mm], hAlign="LEFT", repeatRows=int(heads))
    table.setStyle(GRID if heads else TableStyle([("BACKGROUND", (0, 0), (-1, 0), colors.white)], parent=GRID))
    return table
