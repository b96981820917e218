"""What is said of each thing that can be wrong with a scan. Pure.

One line each: what happened, and what to do.
"""

from collections.abc import Mapping

from sync.plan import Reason
from sync.scans.model import LEAST_DPI, MAX_MEGABYTES, MAX_MEGAPIXELS, MAX_PAGES

SOFT = frozenset({"blank", "low_resolution"})
"""What a person may overrule by assigning the scan: they see the page, the program only measures it."""

_AGAIN = ("отсканируйте лист ещё раз", "scan the sheet again")
_INSIST = ("если на скане всё видно, назначьте его сами", "if the scan shows everything, assign it yourself")
_APART = ("сохраните каждый протокол отдельным файлом", "save each protocol as a file of its own")

_WORDS: Mapping[str, tuple[str, str]] = {
    "empty": (f"файл пуст, 0 байт: {_AGAIN[0]}", f"the file is empty, 0 bytes: {_AGAIN[1]}"),
    "truncated": (
        "файл обрывается: копирование или сканирование не закончилось; скопируйте или отсканируйте ещё раз",
        "the file breaks off: copying or scanning was not finished; copy or scan it again",
    ),
    "encrypted": (
        "PDF закрыт паролем: сохраните его без пароля",
        "the PDF is locked by a password: save it without one",
    ),
    "too_many_pages": (
        f"страниц в файле: {{}}, принимается до {MAX_PAGES}; {_APART[0]}",
        f"pages in the file: {{}}, at most {MAX_PAGES} are taken; {_APART[1]}",
    ),
    "too_many_pixels": (
        f"изображение в {{}} мегапикселей, принимается до {MAX_MEGAPIXELS}; отсканируйте с 300 точками на дюйм",
        f"a picture of {{}} megapixels, at most {MAX_MEGAPIXELS} are taken; scan it at 300 dpi",
    ),
    "too_large": (
        f"файл в {{}} МБ, принимается до {MAX_MEGABYTES} МБ; отсканируйте с 300 точками на дюйм",
        f"a file of {{}} MB, at most {MAX_MEGABYTES} MB are taken; scan it at 300 dpi",
    ),
    "wrong_kind": (
        "по имени это не то, что внутри: внутри {}; сохраните скан заново как PDF",
        "not what its name says: inside is {}; save the scan again as PDF",
    ),
    "not_a_scan": (
        "это не скан: ожидается файл PDF, JPEG, PNG или TIFF; уберите его из папки или отложите",
        "not a scan: expected a PDF, JPEG, PNG or TIFF file; take it out of the folder or set it aside",
    ),
    "unreadable": (
        f"файл испорчен и не открывается: {_AGAIN[0]}",
        f"the file is broken and cannot be opened: {_AGAIN[1]}",
    ),
    "too_heavy": (
        "файл не открылся за отведённые время и память: отсканируйте лист ещё раз, 300 точек на дюйм",
        "the file could not be opened within the time and memory allowed: scan the sheet again at 300 dpi",
    ),
    "low_resolution": (
        f"разрешение {{}} точек на дюйм, нужно не меньше {LEAST_DPI}: отсканируйте с 300; {_INSIST[0]}",
        f"a resolution of {{}} dpi, at least {LEAST_DPI} is needed: scan at 300; {_INSIST[1]}",
    ),
    "blank": (
        f"лист пуст: проверьте, той ли стороной он лежал в сканере, и отсканируйте ещё раз; {_INSIST[0]}",
        f"the sheet is blank: check which way up it lay in the scanner, and scan it again; {_INSIST[1]}",
    ),
    "same_content": (
        "то же содержимое, что у файла {}: отложите лишний",
        "the same content as the file {}: set the double aside",
    ),
    "two_protocols": (
        "для этого участника уже есть скан {}: отложите лишний; если это продолжение, назначьте участнику оба файла",
        "there is a scan of this participant already, {}: set one aside; if it goes on there, assign both files",
    ),
    "other_school": (
        "лист другой школы, код {}: проверьте, чей он, и отложите",
        "a sheet of another school, code {}: check whose it is, and set it aside",
    ),
    "other_day": (
        "лист другого дня, {}: проверьте и отложите",
        "a sheet of another day, {}: check, and set it aside",
    ),
    "stranger": (
        "код на листе — участника № {}, которого нет в списке школы: проверьте список или назначьте скан",
        "the code on the sheet is of participant {}, who is not in the roster: check the roster or assign the scan",
    ),
    "several_people": (
        f"в одном файле листы разных участников (№ {{}}): {_APART[0]}",
        f"sheets of several participants in one file ({{}}): {_APART[1]}",
    ),
    "contradiction": (
        "имя файла и код на листе говорят о разном ({}): посмотрите на лист и назначьте скан",
        "the file's name and the code on the sheet disagree ({}): look at the sheet and assign the scan",
    ),
    "not_a_file": (
        "это ссылка или устройство, а не файл: положите в папку сам скан",
        "a link or a device, not a file: put the scan itself into the folder",
    ),
    "bad_name": (
        "имя файла не в UTF-8 или с управляющими знаками: переименуйте файл",
        "the file's name is not UTF-8, or has control characters: rename the file",
    ),
    "no_access": ("не читается ({}): проверьте права и диск", "cannot be read ({}): check permissions and the disk"),
    "folder_closed": (
        "папка для сканов не читается ({}): проверьте права и диск",
        "the folder for scans cannot be read ({}): check permissions and the disk",
    ),
    "no_folder": (
        "папки для сканов нет: создайте её или исправьте ключ watch.scans в sync.toml",
        "there is no folder for scans: create it, or mend the key watch.scans in sync.toml",
    ),
    "too_deep": (
        "слишком глубоко вложенная папка не просмотрена: переложите сканы выше",
        "a folder nested too deeply was not looked into: move the scans up",
    ),
    "too_many_files": (
        "в папке больше {} файлов, остальные не просмотрены: оставьте в ней только сканы",
        "more than {} files in the folder, the others were not looked at: leave only scans in it",
    ),
}  # fmt: skip

CODES = frozenset(_WORDS)


def reason(code: str, told: str = "") -> Reason:
    """What to say of a trouble of this code; `told`: the figure or word that belongs to it."""
    ru, en = _WORDS[code]
    return Reason(ru.format(told), en.format(told))
