"""The school that everything at the headquarters and the centre is tested with: 4 rooms, 40 participants, one bad day.

Two absent, one ended early, one removed, one in writing, two retakes of which one in another room, two pairs of
namesakes in different rooms, one room whose computer was replaced at 11:00, one participant by dictaphone.
"""

from pathlib import Path

from rig.schoolday import SCHOOL, StagedRoom, at, write_roster

from exam.regulation import Outcome
from exam.roster import Participant

ROOMS = ("201", "202", "203", "204")
_SURNAMES = (
    "Абрамов", "Белова", "Васильев", "Громова", "Дмитриев", "Ершова", "Жуков", "Зайцева", "Иванов", "Иванов",
    "Карпов", "Лебедева", "Мельников", "Никитина", "Орлов", "Павлова", "Романов", "Соколова", "Тарасов", "Иванов",
    "Ушакова", "Фёдоров", "Харитонова", "Цветков", "Чернова", "Шестаков", "Щербакова", "Эдуардов", "Юдина", "Яковлев",
    "Антонова", "Борисов", "Виноградова", "Гусев", "Денисова", "Егоров", "Зимина", "Ильин", "Соколова", "Кузнецова",
)  # fmt: skip
ABSENT, EARLY, REMOVED, WRITTEN = (5, 25), 7, 17, 27
RETAKE_HERE, RETAKE_ELSEWHERE, DICTAPHONE = 3, 13, 33


def people() -> list[Participant]:
    """Numbers 1–40, ten a room. № 9 and 10 share room 201 and name; № 9 and 20, № 18 and 39 are namesakes elsewhere."""
    given = {9: "Пётр", 10: "Павел", 20: "Пётр", 18: "Анна", 39: "Анна"}
    return [
        Participant(number, surname, given.get(number, "Мария" if surname.endswith("а") else "Иван"),
                    "Сергеевна" if surname.endswith("а") else "Сергеевич", "9А" if number <= 20 else "9Б",
                    ROOMS[(number - 1) // 10], extended=number == WRITTEN)
        for number, surname in enumerate(_SURNAMES, start=1)
    ]  # fmt: skip


class School:
    """The rooms' day folders below `folder`; `roster`: the school's list."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.people = {one.number: one for one in people()}
        self.roster = write_roster(folder / "roster.csv", self.people.values())
        listed = list(self.people.values())
        self.rooms = {number: StagedRoom(folder / f"pc-{number}", number, listed) for number in ROOMS}
        self.second = StagedRoom(folder / "pc-204-second", "204", listed, station="pc-204b", first=201)
        for number in ROOMS:
            self._talk(number)

    @property
    def recordings(self) -> list[Path]:
        """The folder of each computer, as it stands in its room."""
        return sorted(path for path in self.folder.iterdir() if path.name.startswith("pc-"))

    def _talk(self, number: str) -> None:
        room, second = self.rooms[number], self.second
        room.stream()
        for order, person in enumerate(one for one in self.people.values() if one.room == number):
            here = second if number == "204" and order >= 6 else room
            self._one(here, person)
        if number == "202":
            room.take(self.people[RETAKE_ELSEWHERE], variant="1", decision="rejected", starts=at(13))
        if number == "203":
            room.take(self.people[RETAKE_ELSEWHERE], variant="2", starts=at(14))
        if number == "204":
            second.stream(starts=at(11))
            second.record(opened=at(11))
            room.record(closed=False, until=at(10, 58))
        else:
            room.record()

    def _one(self, room: StagedRoom, person: Participant) -> None:
        match person.number:
            case 5 | 25:
                room.outcome(person, Outcome.ABSENT)
            case 27:
                room.outcome(person, Outcome.WRITTEN)
            case 7:
                room.take(person, decision="early_end")
                room.outcome(person, Outcome.EARLY_END, told="10:41:05", note="плохое самочувствие")
            case 17:
                room.take(person, decision="removed")
                room.outcome(person, Outcome.REMOVED, told="11:15:00", note="пользовался телефоном")
            case 3:
                room.take(person, variant="1", decision="rejected")
                room.take(person, variant="2")
            case 13:
                pass
            case 33:
                room.take(person, source="dictaphone")
            case _:
                room.take(person)


def sync_toml(base: Path, school: School, *, target: str, papers: str = "scans", recordings: str | None = None) -> Path:
    """The headquarters' configuration; `target`: the lines of its table."""
    watched = recordings or ", ".join(f'"{path}"' for path in school.recordings)
    base.mkdir(parents=True, exist_ok=True)
    path = base / "sync.toml"
    path.write_text(
        f"""[school]
code = "{SCHOOL}"
name = "МБОУ СОШ № 1"
roster = "{school.roster}"
time_zone = "Asia/Tomsk"

[exam]
date = 2026-02-11

[watch]
recordings = [{watched}]
scans = "scans"

[package]
papers = "{papers}"

[target]
{target}
""",
        encoding="utf-8",
    )
    return path
