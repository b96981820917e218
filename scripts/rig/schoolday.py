"""A school's exam day as its rooms leave it, made without stations: folders with recordings, manifests, rooms' records.

For tests of everything that happens at the headquarters and the centre.

Recordings are a few hundred bytes, different for each take; `sound` puts real ones there.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from exam import manifest, names, roomday
from exam.manifest import Audio, Decision, Delivery, Manifest, Person, Source
from exam.names import Kind, RecordingName
from exam.regulation import Outcome
from exam.roomday import RoomDay, RoomOutcome, RoomTake
from exam.roster import Participant

EXAM_DATE = date(2026, 2, 11)
ZONE = timezone(timedelta(hours=7))
SCHOOL = "701020"
_HEADING = "№;Фамилия;Имя;Отчество;Класс;Аудитория;+30 мин"
_RATE = 48000
_TALK_S = 900


def at(hours: int, minutes: int = 0, seconds: int = 0) -> datetime:
    """A moment of the exam day by the school's clocks."""
    return datetime(EXAM_DATE.year, EXAM_DATE.month, EXAM_DATE.day, hours, minutes, seconds, tzinfo=ZONE)


def write_roster(path: Path, people: Iterable[Participant]) -> Path:
    """The school's list as its office would save it."""
    lines = [
        f"{one.number};{one.surname};{one.first_name};{one.patronymic};{one.class_name};{one.room};"
        f"{'да' if one.extended else ''}"
        for one in people
    ]
    path.write_text("\n".join([_HEADING, *lines]) + "\n", encoding="utf-8")
    return path


class StagedRoom:
    """One computer's day of one room. `folder` is the day folder; labels are unique for the whole `people`."""

    def __init__(
        self, recordings: Path, number: str, people: Iterable[Participant], *, station: str = "", first: int = 1
    ) -> None:
        """`station`: the computer's name; `first`: what its stream parts are numbered from (201: a second computer)."""
        self.number, self._people = number, list(people)
        self._labels = names.labels(self._people)
        self._station, self._first = station or f"pc-{number}", first
        self.folder = recordings / names.day_folder(EXAM_DATE, number)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._takes: dict[str, RoomTake] = {}
        self._outcomes: list[RoomOutcome] = []
        self._streams: list[str] = []
        self._records = 0
        self._minute = 0

    def take(
        self,
        person: Participant,
        *,
        variant: str = "1",
        decision: Decision | None = "accepted",
        starts: datetime | None = None,
        source: Source = "microphone",
        number: int | None = None,
        sound: bytes | None = None,
        flags: tuple[str, ...] = (),
    ) -> Manifest:
        """A take of this participant, published; the next free time of the day unless `starts` is given."""
        starts = starts or at(9) + timedelta(minutes=self._minute)
        self._minute += 20
        mine = [take for take in self._takes.values() if take.participant == person.number]
        number = number or len(mine) + (self._first if self._first > 1 else 1)
        name = RecordingName(EXAM_DATE, self.number, SCHOOL, Kind.PARTICIPANT, self._labels[person.number], number)
        made = self._publish(name, starts, sound, source=source, decision=decision, person=person, variant=variant,
                             take=number, flags=flags)  # fmt: skip
        self._takes[name.stem] = RoomTake(
            stem=name.stem, participant=person.number, take=number, variant=variant, started_at=made.started_at,
            ended_at=made.ended_at, decision=decision, source=source, flags=flags,
            manifest=_sha256((self.folder / (name.stem + manifest.SUFFIX)).read_bytes()),
        )  # fmt: skip
        return made

    def stream(self, *, starts: datetime | None = None, sound: bytes | None = None) -> Manifest:
        """A part of the common recording."""
        name = RecordingName(EXAM_DATE, self.number, SCHOOL, Kind.STREAM, number=self._first + len(self._streams))
        self._streams.append(name.stem)
        return self._publish(name, starts or at(8, 50), sound)

    def outcome(self, person: Participant, outcome: Outcome, *, told: str | None = None, note: str = "") -> None:
        """The room's word on a participant; `told`: the time of day (HH:MM:SS)."""
        self._outcomes.append(RoomOutcome(person.number, outcome, told, note, at(12)))

    def record(self, *, closed: bool = True, opened: datetime | None = None, until: datetime | None = None) -> RoomDay:
        """The room's record as the station publishes it at each close; not `closed`: of a computer that failed."""
        until = until or at(15)
        self._records += 1
        made = RoomDay(
            exam_date=EXAM_DATE, room=self.number, school=SCHOOL, station=self._station, number=self._records, scheme=2,
            recording="both", opened_at=opened or at(8, 50), closed_at=until if closed else None, until=until,
            journal=_sha256(f"{self.number} {self._station} {self._records}".encode()), streams=tuple(self._streams),
            listed=tuple(Person.of(one) for one in self._people if one.room == self.number),
            takes=tuple(self._takes.values()), outcomes=tuple(self._outcomes),
        )  # fmt: skip
        roomday.publish(made, self.folder)
        return made

    def _publish(
        self, name: RecordingName, starts: datetime, sound: bytes | None, *, source: Source = "microphone",
        decision: Decision | None = None, person: Participant | None = None, variant: str | None = None,
        take: int | None = None, flags: tuple[str, ...] = (),
    ) -> Manifest:  # fmt: skip
        master = f"master of {name.stem} by {self._station}\n".encode() * 8
        delivery = sound if sound is not None else f"sound of {name.stem} by {self._station}\n".encode() * 8
        (self.folder / f"{name.stem}.wav").write_bytes(master)
        (self.folder / f"{name.stem}.mp3").write_bytes(delivery)
        made = Manifest(
            kind=name.kind, exam_date=EXAM_DATE, room=self.number, school=SCHOOL, station=self._station, source=source,
            participant=Person.of(person) if person else None, take=take, variant=variant, started_at=starts,
            ended_at=starts + timedelta(seconds=_TALK_S), outcome=decision, flags=flags,
            audio=Audio(f"{name.stem}.wav", "wav", _RATE, 1, _RATE * _TALK_S),
            size=len(master), sha256=_sha256(master),
            deliveries=(
                Delivery(f"{name.stem}.mp3", "mp3", _RATE * _TALK_S, len(delivery), _sha256(delivery), "staged"),
            ),
        )  # fmt: skip
        manifest.publish(made, self.folder)
        return made


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
