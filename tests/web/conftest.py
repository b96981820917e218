"""A room without a microphone, whose page answers all the same; one for all tests that only knock at it."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from rig.ports import free_port
from rig.visitor import Visitor, visitor
from showing.demo import ROSTER
from showing.school import BIN, School


@pytest.fixture(scope="module")
def deaf_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """Its daemon runs and has a page; nothing can be recorded."""
    school = School(tmp_path_factory.mktemp("deaf"), port=free_port())
    school.write(device="hw:none", roster=ROSTER)
    (school.folder / "pin").write_text("4711\n")
    settings = school.folder / "station.toml"
    settings.write_text(settings.read_text() + 'pin_file = "pin"\n')
    environment = os.environ | school.environment | {"PULSE_SERVER": "unix:/nonexistent"}
    with subprocess.Popen([BIN / "station", "run"], env=environment, stderr=subprocess.DEVNULL) as daemon:
        try:
            yield school
        finally:
            daemon.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def page(deaf_room: School) -> Visitor:
    """Somebody who was let in."""
    made = visitor(deaf_room.folder / "run" / "control.page")
    assert made.get("/api/room").status_code == 200
    return made
