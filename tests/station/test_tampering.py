"""A day rewritten after the exam, however consistently, is exposed by the heads on paper, and located.

Two stream parts of 95 and 45 seconds; a take in each, one cancelled. Ten seconds are 80 000 frames here.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from days import RATE, Room, audio_of
from forger import bare, edit, forge, paper, streams

from station import chain
from station.heads import heads_for_paper
from station.journal import read as read_journal
from station.session import commands as ask
from station.verify import Breach, Claim, verify
from station.verify.claims import claim

TEN = 10 * RATE


def play_two_parts(room: Room) -> None:
    room.hear(5)
    room.do(ask.Open())
    room.hear(120)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(280)
    room.do(ask.Stop())
    room.hear(10)
    room.do(ask.Accept())
    room.hear(20)
    room.do(ask.Start(participant=3, other_room=True))
    room.hear(70)
    room.do(ask.Cancel())
    room.hear(450)
    room.stop()
    room.start()
    room.hear(150)
    room.do(ask.Start(participant=2))
    room.hear(200)
    room.do(ask.Stop())
    room.hear(100)
    room.do(ask.Close())
    room.hear(2)
    room.published(4)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Room(tmp_path_factory.mktemp("tampering")) as room:
        play_two_parts(room)
    return room.folder


@pytest.fixture
def folder(pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pattern, tmp_path / pattern.name))


def cut(first: int, frames: int) -> bytes:
    raise NotImplementedError


def test_an_untouched_day_passes_with_every_head(folder: Path) -> None:
    rows = heads_for_paper(read_journal(folder))
    printed = [claim(row.printed) for row in rows] + paper(folder) + bare(paper(folder))
    report = verify(folder, printed)
    assert report.breaches == ()
    assert report.confirmed == len(printed) > 30
