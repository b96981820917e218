"""The composition root: builds the parts of a room's daemon, starts and stops them in a visible order."""

import contextlib
import os
import signal
import threading
from pathlib import Path

from exam import names, oswords, roster
from exam.audio import AudioFormat
from exam.clock import Clock, CorrectedClock, SystemClock
from exam.errors import ConfigError, Fatal
from station import recovery, sides, systemd
from station.capture.microphone import Microphone
from station.capture.spec import Spec
from station.client import socket_path
from station.config import Config
from station.control import Control
from station.inbox import Inbox
from station.journal import Journal
from station.listener import Listener
from station.lock import locked
from station.mirror import Mirror
from station.pages import Page, command_for
from station.pedal import Pedal
from station.publishing import Publisher
from station.rebuilding import replay_or_rebuild
from station.recorder import Recorder
from station.session import Day, Rules
from station.sides import Sides
from station.situation import Setting

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
        ru, en = oswords.with_place(error)
        raise Fatal(
            f"Станция остановлена: {ru}. Проверьте место на диске и права на папки; записанное сохранено.",
            f"The station stops: {en}. Check disk space and the folders' rights; what was recorded is safe.",
            code="disk_failed",
        ) from error


def _record(config: Config) -> None:
    rules, clock = rules_of(config), CorrectedClock(SystemClock(config.zone))
    places = _prepare(sides.choose(config.day_folder, config.second_day_folder))
    folder = places.day
    with locked(folder), _lock_other(places):
        so_far = replay_or_rebuild(folder, rules, config.capture.shape, clock)
        clock.correction = recovery.correction_of(so_far)
        _check_roster(so_far, rules, config.roster)
        sides.fetch(places, so_far)
        journal = Journal(folder, clock)
        day, tail = recovery.recover(folder, so_far, journal, config.capture.shape, clock)
        inbox = Inbox()
        publisher = Publisher(folder, config.delivery.format, inbox.post, is_mixed=config.delivery.voices == "mixed")
        mirror = _mirror(places, day, config.capture.shape)
        capture = config.capture
        microphone = Microphone(Spec(capture.device, capture.channels, capture.sample_rate), clock)
        listener = Listener(
            Setting(shape=capture.shape, seats=config.seats, thresholds=config.quality), clock, inbox.post
        )
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
            mirror=mirror,
            listener=listener,
        )
        pedal = Pedal(config, recorder.window, inbox.post, clock)
        control = Control(_prepare_socket(config), inbox, recorder.window, clock)
        page = Page(command_for(config.path) if config.web.port else (), clock)
        publisher.start()
        if mirror is not None:
            mirror.start()
        recorder.start()
        control.start()
        pedal.start()
        try:
            _wait_for_the_end(recorder, page, clock)
        finally:
            page.close()
            pedal.stop()
            control.stop()
            recorder.stop()
            microphone.close()
            listener.close()
            publisher.stop()
            journal.close()
            inbox.close()
            if mirror is not None:
                mirror.stop()


def _mirror(places: Sides, day: Day, shape: AudioFormat) -> Mirror | None:
    if places.other is None:
        return None
    return Mirror(places.day, places.other, shape, sides.finished_tapes(day, shape))


def _wait_for_the_end(recorder: Recorder, page: Page, clock: Clock) -> None:
    """Until a signal; meanwhile tell systemd that we live as long as frames reach the disk, and stay awake."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    wakefulness = systemd.Wakefulness(clock)
    beaten = recorder.progress
    systemd.notify("READY=1")
    try:
        while not ended.is_set():
            recorder.join(0)
            progress = recorder.progress
            if systemd.has_advanced(beaten, progress):
                beaten = progress
                systemd.notify("WATCHDOG=1")
            wakefulness.keep(awake=progress.file is not None)
            page.tend()
            ended.wait(_BEAT_S)
    finally:
        wakefulness.release()
    systemd.notify("STOPPING=1")


def _prepare(places: Sides) -> Sides:
    try:
        return sides.usable(places)
    except OSError as error:
        folder = places.day
        raise Fatal(
            f"Папка записей {folder} недоступна: {oswords.ru(error)}. Проверьте диск и [storage] folder.",
            f"The recordings folder {folder} cannot be used: {error.strerror}. Check the disk and [storage] folder.",
            code="no_folder",
        ) from error


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


def _lock_other(places: Sides) -> contextlib.AbstractContextManager[None]:
    """Another station must not take the mirror for its day."""
    if places.other is None or not places.answers or not places.other.is_dir():
        return contextlib.nullcontext()
    return locked(places.other)
