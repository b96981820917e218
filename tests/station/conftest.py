"""Fixtures: a room or a taping of the test's own; finished days, made once and copied; another recorder's file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from days import IVANOV, Room, play_day
from desk_days import Desk, desk
from dictated import RATE, sweep
from tampered import play_two_parts
from taped import Tapes


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room whose daemon runs, day closed."""
    with Room(tmp_path) as started:
        yield started


@pytest.fixture
def tapes(tmp_path: Path) -> Tapes:
    return Tapes(tmp_path)


@pytest.fixture(scope="session")
def pattern_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Room(tmp_path_factory.mktemp("day"), "mp3") as room:
        play_day(room)
    return room.folder


@pytest.fixture
def day(pattern_day: Path, tmp_path: Path) -> Path:
    """The folder of a finished day with mp3 copies, this test's to damage."""
    return Path(shutil.copytree(pattern_day, tmp_path / pattern_day.name))


@pytest.fixture(scope="session")
def pattern_two_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Room(tmp_path_factory.mktemp("tampering")) as room:
        play_two_parts(room)
    return room.folder


@pytest.fixture
def two_parts(pattern_two_parts: Path, tmp_path: Path) -> Path:
    """The folder of a finished day of two stream parts, this test's to rewrite."""
    return Path(shutil.copytree(pattern_two_parts, tmp_path / pattern_two_parts.name))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """16-bit WAV as a dictaphone writes it."""
    path = tmp_path / "plain.wav"
    soundfile.write(path, sweep(), RATE, "PCM_16")
    return path


@pytest.fixture
def master(tmp_path: Path) -> Path:
    """Where the imported recording is to go: a day's folder of its own."""
    (tmp_path / "day").mkdir()
    return tmp_path / "day" / f"{IVANOV}.wav"


@pytest.fixture
def finished(pattern_day: Path, tmp_path: Path) -> Desk:
    """A finished day with mp3 copies, its settings and roster."""
    return desk(tmp_path / "school", pattern_day)
