"""Looks at everything that must be ready, of a room with a running daemon or without one. Reads only.

Nothing here raises: what cannot be seen is told in words, in its own light.
"""

import contextlib
import http.client
import os
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from exam import names, oswords, roster
from exam.errors import ExamError
from exam.language import say
from exam.roster import Roster as People
from station import client, daybook, delivering, disks, sides, tally
from station.capture import microphone
from station.capture.identity import name_today
from station.capture.spec import PULSE
from station.config import Config
from station.readiness.facts import Clock, Delivery, Disk, Facts, Microphone, Rehearsed, Roster
from station.session import Day

_GLANCE_S = 3.0
_PAGE_S = 3.0
_LOST = {"device_lost", "device_changed", "device_stalled"}
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to ask, not to listen at


def look(config: Config) -> Facts:
    """Everything, now."""
    status = _status(config)
    day = _day(config)
    return Facts(
        config=str(config.path),
        exam_date=config.exam.date,
        valid_days=config.quality.rehearsal_valid_days,
        roster=_roster(config),
        microphone=_microphone(config, status),
        rehearsed=_tested(day),
        disks=_disks(config),
        clock=_clock(config, day),
        daemon=status is not None,
        sleep=_sleep(),
        page=_page(config) if config.web.port and status is not None else None,
        pedal=status["pedal"]["present"] if status is not None and status.get("pedal") else None,
        delivery=_delivery(config),
    )


def _status(config: Config) -> Mapping[str, Any] | None:
    path = client.listening(config.school.code, config.room.number, config.path)
    try:
        return client.ask(path, "status", timeout_s=_GLANCE_S)
    except ExamError:
        return None


def _day(config: Config) -> Day:
    """As far as it has come; an empty one where nothing was recorded or the journal is broken."""
    try:
        return daybook.read(sides.day_folder(config)).day
    except (ExamError, OSError):
        return Day()


def _roster(config: Config) -> Roster:
    try:
        people = roster.load(config.roster)
    except ExamError as error:
        return Roster(error=str(error))
    here = tally.expected_in(people, config.room.number)
    return Roster(len(people), len(here), _namesakes(people, config))


def _namesakes(people: People, config: Config) -> tuple[str, ...]:
    """Whoever would bear the same file name but for what was added to it."""
    plain = {number: names.possible_labels(person)[0].casefold() for number, person in people.items()}
    count = list(plain.values()).count
    labels = names.labels(people.values(), config.naming.first_name)
    return tuple(f"{labels[number]} (№ {number})" for number, label in plain.items() if count(label) > 1)


def _microphone(config: Config, status: Mapping[str, Any] | None) -> Microphone:
    wanted = config.capture.device
    if status is not None:
        lost = [str(alarm["text"]) for alarm in status["alarms"] if alarm["code"] in _LOST]
        return Microphone(wanted, hears=bool(status["levels"]["rms_dbfs"]), error=lost[0] if lost else "")
    try:
        found = microphone.devices()
    except ExamError as error:
        return Microphone(wanted, error=str(error))
    today = name_today(wanted)
    for device in found:
        is_meant = wanted in {device.name, device.identity} or (today is not None and device.name.endswith(today))
        if is_meant:
            return Microphone(wanted, device.name)
    # A source of the sound server is found by it alone.
    behind = any(device.name == PULSE for device in found) and wanted.startswith(PULSE)
    return Microphone(wanted, wanted if behind else "")


def _tested(day: Day) -> Rehearsed | None:
    last = day.last_rehearsal
    return Rehearsed(last.started_at, last.grade, last.accepted_by) if last is not None else None


def _disks(config: Config) -> tuple[Disk, ...]:
    first, second = config.day_folder, config.second_day_folder
    found = [_disk(config, first, is_copy=False)]
    if second is not None:
        found.append(_disk(config, second, is_copy=True))
    return tuple(found)


def _disk(config: Config, folder: Path, *, is_copy: bool) -> Disk:
    shape = config.capture.shape
    takes = config.exam.recording != "stream"
    needed = disks.bytes_for(config.storage.hours, shape, takes=takes) + config.storage.reserve_bytes
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    told = disks.disk_status(there, shape)
    error = "" if os.access(there, os.W_OK | os.X_OK) else say("нет прав на запись", "no right to write")
    if is_copy:
        try:
            disks.check_separate(config.day_folder, folder)
        except ExamError as same:
            error = str(same)
    return Disk(str(folder.parent), told.free_bytes, needed, told.hours_left, is_copy, error)


def _clock(config: Config, day: Day) -> Clock:
    now = datetime.now(config.zone)
    past = [day.parts[-1].started_at] if day.parts else []
    past += [rehearsal.started_at for rehearsal in day.rehearsals[-1:]]
    for path in (config.path, config.roster):
        with contextlib.suppress(OSError):
            past.append(datetime.fromtimestamp(path.stat().st_mtime, config.zone))
    local = datetime.now().astimezone().utcoffset()
    assert local is not None  # noqa: S101 - astimezone gives a zone
    return Clock(now, max(past, default=now), _is_kept(), config.school.time_zone, local)


def _is_kept() -> bool | None:
    said = _said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    return {"yes": True, "no": False}.get(said or "")


def _sleep() -> str:
    """Why sleep cannot be kept off; empty when it can."""
    what = ["--what=sleep:idle:handle-lid-switch", "--who=exam-station", "--why=ready?", "--mode=block", "true"]
    try:
        done = subprocess.run(
            ["systemd-inhibit", *what], capture_output=True, timeout=_GLANCE_S, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return "systemd-logind"
    except OSError as error:
        return oswords.shown(error)
    return "" if done.returncode == 0 else " ".join(done.stderr.decode(errors="replace").split()) or "systemd-logind"


def _said(*command: str) -> str | None:
    """What a program prints; None where it is not there or fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GLANCE_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _page(config: Config) -> str:
    """Why the page does not answer; empty when it does, whatever it says."""
    host = _ANYWHERE.get(config.web.host, config.web.host)
    connection = http.client.HTTPConnection(host, config.web.port, timeout=_PAGE_S)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return ""


def _delivery(config: Config) -> Delivery | None:
    if config.sync_config is None:
        return None
    found = delivering.asked(config.sync_config)
    return Delivery(found.files, found.delivered, found.error)
