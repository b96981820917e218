"""A headquarters with recordings that experts of scheme 2 listen to."""

import hashlib
import json
from pathlib import Path
from typing import Any

import lameenc
import msgspec
import numpy as np
from msgspec.structs import replace
from rig.schoolday import SCHOOL, StagedRoom, write_roster

from exam import manifest
from exam.audio import Mark
from exam.manifest import Manifest
from exam.regulation import Outcome
from exam.roster import Participant
from sync.cli import main

PEOPLE = (
    Participant(1, "Абрамов", "Иван", "Сергеевич", "9А", "201"),
    Participant(2, "Белова", "Мария", "Петровна", "9А", "201"),
    Participant(3, "Васильев-Задунайский", "Александр", "Константинович", "9А", "201"),
    Participant(4, "Громова", "Анна", "Ивановна", "9Б", "201"),
    Participant(5, "Дмитриев", "Олег", "", "9Б", "201"),
    Participant(6, "Ершова", "Инна", "", "9Б", "201", scheme=1),
    Participant(7, "Жуков", "Пётр", "", "9Б", "201"),
)
ABSENT = 7
BEFOREHAND = 6
"""Checked in the room, by scheme 1."""


def tone(seconds: float, hz: float = 440.0, rate: int = 16000) -> bytes:
    """An mp3 of a tone that swells and fades."""
    at = np.arange(int(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * hz * at) * 12000 * (0.2 + 0.8 * np.abs(np.sin(at / 3)))
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(1)
    encoder.set_bit_rate(32)
    encoder.silence()
    return bytes(encoder.encode(wave.astype(np.int16).tobytes()) + encoder.flush())


class ExpertSchool:
    """`base` with recordings, roster, `sync.toml`; commands in this process."""

    def __init__(self, base: Path, *, sounds: dict[int, float] | None = None, marks: tuple[Mark, ...] = ()) -> None:
        """`sounds`: seconds of real sound of those who have some; the others' files are only bytes."""
        self.base = base
        self.room = StagedRoom(base / "recordings", "201", PEOPLE)
        write_roster(base / "roster.csv", PEOPLE)
        roster = (base / "roster.csv").read_text(encoding="utf-8").splitlines()
        schemes = [";схема", *(f";{one.scheme or ''}" for one in PEOPLE)]
        (base / "roster.csv").write_text("\n".join(map(str.__add__, roster, schemes)), encoding="utf-8")
        for person in PEOPLE:
            if person.number == ABSENT:
                self.room.outcome(person, Outcome.ABSENT)
                continue
            seconds = (sounds or {}).get(person.number)
            told = self.room.take(person, variant=str(10 + person.number), sound=tone(seconds) if seconds else None)
            self.tell(told, seconds=seconds or 600.0 + 10 * person.number, marks=marks)
        self.room.record()
        (base / "sync.toml").write_text(
            f'[school]\ncode = "{SCHOOL}"\nname = "МБОУ СОШ № 1"\nroster = "roster.csv"\ntime_zone = "Asia/Tomsk"\n'
            '[exam]\ndate = 2026-02-11\n[target]\nkind = "manual"\n',
            encoding="utf-8",
        )

    @property
    def state(self) -> Path:
        return self.base / "state"

    def tell(self, told: Manifest, *, seconds: float, marks: tuple[Mark, ...] = ()) -> None:
        """Let the published manifest say that its recording is so long, with these marks (frames)."""
        rate = told.audio.sample_rate
        told = replace(told, audio=replace(told.audio, frames=round(seconds * rate)), marks=marks)
        path = self.room.folder / f"{told.stem}{manifest.SUFFIX}"
        path.write_bytes(msgspec.json.encode(told))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.room._takes[told.stem] = replace(self.room._takes[told.stem], manifest=digest)

    def run(self, *words: str) -> int:
        """`station-sync experts WORDS`; the exit code."""
        return main(["experts", *words, "--config", str(self.base / "sync.toml")])

    def status(self, capsys: Any) -> dict[str, Any]:
        capsys.readouterr()
        assert self.run("status", "--json") == 0
        return dict(json.loads(capsys.readouterr().out))

    def held(self, capsys: Any) -> dict[str, list[int]]:
        """Participants by expert."""
        return {
            one["name"]: [share["participant"] for share in one["shares"]] for one in self.status(capsys)["experts"]
        }
