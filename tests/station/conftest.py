"""Fixtures: a room of the test's own, and a finished day, made once and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from days import Room, play_day


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room whose daemon runs, day closed."""
    with Room(tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def pattern_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Room(tmp_path_factory.mktemp("day"), "mp3") as room:
        play_day(room)
    return room.folder


@pytest.fixture
def day(pattern_day: Path, tmp_path: Path) -> Path:
    """The folder of a finished day with mp3 copies, this test's to damage."""
    return Path(shutil.copytree(pattern_day, tmp_path / pattern_day.name))
