"""The room sheet of a configured room as a file's content. For `station room-sheet` and the copy on a drive."""

from exam import roster
from station import daybook, sides
from station.config import Config
from station.roomsheet import pdf, rows, xlsx
from station.roomsheet.rows import Place, Sheet

SUFFIXES = {".pdf": pdf.draw, ".xlsx": xlsx.write}
"""What a sheet's file may end in, and what makes it."""


def made(config: Config, suffix: str, *, is_blank: bool = False) -> bytes:
    """A file that ends in `suffix`. Raises Rejected without a day, ConfigError where the roster is wrong."""
    return SUFFIXES[suffix](_sheet(config, is_blank=is_blank))


def place_of(config: Config) -> Place:
    """What of the configuration stands on the sheet."""
    return Place(
        school=config.school.code,
        school_name=config.school.name,
        room=config.room.number,
        exam_date=config.exam.date,
        scheme=config.exam.scheme,
        recording=config.exam.recording,
        zone=config.zone,
    )


def _sheet(config: Config, *, is_blank: bool) -> Sheet:
    people, place = roster.load(config.roster), place_of(config)
    if is_blank:
        return rows.blank(people, place)
    return rows.sheet_of(daybook.read(sides.day_folder(config)), people, place)
