"""The composition root: builds the parts of a room's daemon, starts and stops them in a visible order."""

import contextlib
import os
import signal
import socket
import threading
from pathlib import Path

from exam import durable, names, roster
from exam.clock import CorrectedClock, SystemClock
from exam.errors import ConfigError, Fatal
from station import recovery
from station.capture.microphone import Microphone
from station.capture.spec import Spec
from station.client import socket_path
from station.config import Config
from station.control import Control
from station.inbox import Inbox
from station.journal import Journal
from station.lock import locked
from station.publishing import Publisher
from station.rebuilding import replay_or_rebuild
from station.recorder import Recorder
from station.session import Day, Rules

_POST_ROLL_S = 0.25  # what was said at the press is on its way through the sound system for so long
_BEAT_S = 1.0
_MAX_SOCKET_PATH = 107  # what the kernel takes


def rules_of(config: Config) -> Rules:
    """What the room knows before the day begins. Raises ConfigError when the roster is wrong."""
    people = roster.load(config.roster)
    shape = config.capture.shape
    return Rules(
        exam_date=config.exam.date,
        room=config.room.number,
        school=config.school.code,
        roster=people,
        labels=names.labels(people.values(), config.naming.first_name),
        pre_roll=shape.frames(config.capture.pre_roll_s),
        post_roll=shape.frames(_POST_ROLL_S),
        sample_rate=shape.sample_rate,
        station=config.room.station,
    )


def run(config: Config) -> None:
    """Record until SIGTERM or SIGINT. Raises ExamError when the room cannot be recorded (any longer)."""
    try:
        _record(config)
    except OSError as error:
        raise Fatal(
            f"Станция остановлена: {error}. Проверьте место на диске и права на папки; записанное сохранено.",
            f"The station stops: {error}. Check disk space and the folders' rights; what was recorded is safe.",
            code="disk_failed",
        ) from error


def _record(config: Config) -> None:
    rules, clock = rules_of(config), CorrectedClock(SystemClock(config.zone))
    folder = _prepare(config.day_folder)
    with locked(folder):
        so_far = replay_or_rebuild(folder, rules, config.capture.shape, clock)
        clock.correction = recovery.correction_of(so_far)
        _check_roster(so_far, rules, config.roster)
        journal = Journal(folder, clock)
        day, tail = recovery.recover(folder, so_far, journal, config.capture.shape, clock)
        inbox = Inbox()
        publisher = Publisher(folder, config.delivery.format, inbox.post)
        capture = config.capture
        microphone = Microphone(Spec(capture.device, capture.channels, capture.sample_rate), clock)
        recorder = Recorder(
            config,
            rules,
            day,
            journal=journal,
            publisher=publisher,
            inbox=inbox,
            source=microphone,
            clock=clock,
            tail=tail,
        )
        control = Control(_prepare_socket(config), inbox, lambda: recorder.status, clock)
        publisher.start()
        recorder.start()
        control.start()
        try:
            _wait_for_the_end(recorder)
        finally:
            control.stop()
            recorder.stop()
            microphone.close()
            publisher.stop()
            journal.close()


def _wait_for_the_end(recorder: Recorder) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    _notify("READY=1")
    while not ended.is_set():
        recorder.join(0)
        if recorder.is_beating:
            _notify("WATCHDOG=1")
        ended.wait(_BEAT_S)
    _notify("STOPPING=1")


def _notify(state: str) -> None:
    """Tell systemd (sd_notify); nothing without it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def _prepare(folder: Path) -> Path:
    try:
        durable.make_folder(folder)
    except OSError as error:
        raise Fatal(
            f"Папка записей {folder} недоступна: {error.strerror}. Проверьте диск и [storage] folder.",
            f"The recordings folder {folder} cannot be used: {error.strerror}. Check the disk and [storage] folder.",
            code="no_folder",
        ) from error
    return folder


def _check_roster(day: Day, rules: Rules, path: Path) -> None:
    """A roster changed during the day must still know whose the recordings are that await their manifest."""
    for take in day.takes.values():
        if not take.counts or take.stem in day.published:
            continue
        person, label = rules.roster.get(take.participant), names.parse(take.stem).label
        if person is None or label not in names.possible_labels(person):
            raise ConfigError(
                f"Список участников {path}: № {take.participant} сегодня записан как «{label}», а в списке его нет или "
                "под этим номером другой. Верните прежнюю строку и запустите станцию; записанное сохранено.",
                f"Roster {path}: number {take.participant} was recorded today as “{label}” but is missing or another "
                "person now. Put the line back and start again; what was recorded is safe.",
                code="roster_changed",
            )


def _prepare_socket(config: Config) -> Path:
    path = socket_path(config.school.code, config.room.number)
    if len(os.fsencode(path)) > _MAX_SOCKET_PATH:
        raise Fatal(
            f"Путь {path} слишком длинный для управления станцией. Задайте XDG_RUNTIME_DIR покороче.",
            f"The path {path} is too long for the control socket. Set a shorter XDG_RUNTIME_DIR.",
            code="no_folder",
        )
    if not path.parent.is_dir():
        raise Fatal(
            f"Нет папки {path.parent} для управления станцией. Задайте XDG_RUNTIME_DIR.",
            f"There is no folder {path.parent} for the control socket. Set XDG_RUNTIME_DIR.",
            code="no_folder",
        )
    return path
