"""What the command line does to a day's folder while no daemon runs: takes cut, clocks corrected, crashes recovered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from exam import durable, names
from exam.clock import CorrectedClock, SystemClock
from exam.errors import Rejected
from exam.language import say
from exam.names import RecordingName
from station import client, recordkeeping, recovery, roomrecord, sides
from station import journal as journals
from station.config import Config
from station.foreign import import_audio
from station.lock import locked
from station.merging import merge
from station.rest import at_rest
from station.service import rules_of
from station.session.commands import AnyCommand
from station.tape import SUFFIX


def tell(config: Config, command: str, sent: Mapping[str, Any]) -> None:
    """Carry out one command on the day's folder and publish what follows. Raises Rejected."""
    folder = _day(sides.day_folder(config))
    asked = msgspec.convert({**sent, "command": command}, type=AnyCommand)
    with at_rest(folder, config, rules_of(config), CorrectedClock(SystemClock(config.zone))) as rest:
        rest.do(asked)
        rest.publish(_progress)


def import_file(config: Config, file: Path, sent: Mapping[str, Any]) -> None:
    """Another recorder's file becomes a take, through the daemon if one runs. Raises Rejected, nothing changed."""
    folder = _day(sides.day_folder(config))
    temporary = durable.temporary_in(folder)
    imported = import_audio(file, temporary, reserve_bytes=config.storage.reserve_bytes)
    try:
        told = {
            "temporary": temporary.name,
            "seconds": imported.shape.seconds(imported.frames),
            "origin": f"{file.name} sha256:{imported.sha256}",
            "damaged": imported.damaged,
        }
        _to_daemon_or_folder(config, "import", {**sent, **told})
    finally:
        temporary.unlink(missing_ok=True)
    for warning in imported.warnings:
        print(warning, flush=True)  # noqa: T201 - the command's answer


def _to_daemon_or_folder(config: Config, command: str, sent: Mapping[str, Any]) -> None:
    try:
        client.ask(client.listening(config.school.code, config.room.number, config.path), command, dict(sent))
    except client.NotRunning:
        tell(config, command, sent)


def recover(config: Config, folder: Path) -> None:
    """What start-up does by itself, on any day's folder, also another room's or PC's. Raises Rejected."""
    its = _config_of(_day(folder), config)
    with at_rest(folder, its, rules_of(its), CorrectedClock(SystemClock(its.zone))) as rest:
        rest.recover()
        rest.publish(_progress)


def merge_in(config: Config, source: Path) -> None:
    """The folder of the room's other computer joins today's. Raises Rejected, nothing changed."""
    folder = _day(sides.day_folder(config))
    with locked(folder):
        merge(_day(source), folder, lambda name: print(name, flush=True))  # noqa: T201 - the command's progress
        for file in journals.others(folder):
            _tell_for(config, folder, file)


def _tell_for(config: Config, folder: Path, file: str) -> None:
    """The record of a computer that failed before it could publish one itself."""
    try:
        day, entries = recovery.replay(folder, file), tuple(journals.read(folder, file))
    except Rejected as error:  # its recordings are there all the same
        print(error, flush=True)  # noqa: T201 - the command's answer
        return
    computer = roomrecord.computer_of_day(day)
    if day.opened_at is None or computer is None:
        return
    its = replace(config, room=replace(config.room, station=computer))
    rules = rules_of(its)
    record = roomrecord.room_day_of(day, rules, its, entries[-1].wall)
    size = (folder / file).stat().st_size
    recordkeeping.publish(folder, roomrecord.Draft(record, rules.numbers_after, file, size))


def _day(folder: Path) -> Path:
    if not folder.is_dir():
        raise Rejected(
            f"Папки дня {folder} нет. Проверьте путь и [storage] folder.",
            f"There is no day's folder {folder}. Check the path and [storage] folder.",
            code="not_a_day",
        )
    return folder


def _config_of(folder: Path, config: Config) -> Config:
    """The configuration as it was where the folder's files were recorded: their names tell."""
    for path in sorted(folder.iterdir()):
        name = _name_of(path)
        if name is not None:
            exam = replace(config.exam, date=name.exam_date)
            room = replace(config.room, number=name.room, station=_computer_of(folder, name))
            return replace(config, exam=exam, room=room, school=replace(config.school, code=name.school))
    raise Rejected(
        f"В папке {folder} нет ни одной записи станции: это не папка дня. Ничего не тронуто.",
        f"{folder} holds no recording of a station: not a day's folder. Nothing was touched.",
        code="not_a_day",
    )


def _computer_of(folder: Path, name: RecordingName) -> int:
    """Which computer of its room recorded the folder: as its journal's names tell, else `name`, a file's."""
    for entry in journals.salvage(folder)[0]:
        if entry.event.stream is not None:
            return roomrecord.computer_of(names.parse(entry.event.stream.removesuffix(SUFFIX)).number)
    return roomrecord.computer_of(name.number)


def _name_of(path: Path) -> RecordingName | None:
    if path.suffix not in {".wav", ".json"}:
        return None
    try:
        return names.parse(path.name.removesuffix(path.suffix))
    except Rejected:
        return None


def _progress(stem: str) -> None:
    print(say(f"Оформлена запись: {stem}", f"Published: {stem}"), flush=True)  # noqa: T201 - the command's answer
