"""A school whose day goes by drive, and the exchange that takes the drive in: commands run here, the server apart."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rig.exchange import exchange_for
from rig.program import Program
from rig.schoolday import SCHOOL, StagedRoom

from exam.roster import Participant
from sync import cli
from sync.drives.model import LIST, NOTE, DriveFile, DriveList, DriveNote, key_of
from sync.exchange.identity import load as identity_in
from sync.exchange.packages import packages
from sync.exchange.yard import Yard

PEOPLE = [Participant(number, name, "Иван", "", "9А", "265") for number, name in ((1, "Абрамов"), (2, "Белов"))]
NOWHERE = "http://127.0.0.1:9/files"
"""Nobody listens there: a school without network."""


@dataclass
class Done:
    """What a command said."""

    out: str
    err: str


@dataclass
class Centre:
    """An exchange that is served; `token`: the school's."""

    folder: Path
    program: Program
    token: str

    @property
    def key(self) -> str:
        return identity_in(Yard(self.folder).key, "centre").public_base64

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.program.port}/files"

    def contents(self) -> set[str]:
        return {one.sha256 for one in packages(self.folder)}


@dataclass
class School:
    """A school's settings, one room's recordings, what its commands say."""

    base: Path

    @property
    def file(self) -> Path:
        return self.base / "sync.toml"

    @property
    def recordings(self) -> Path:
        return self.base / "recordings"

    @property
    def day(self) -> Path:
        return self.recordings / "2026-02-11_265"

    def run(self, *words: str | Path, expect: int = 0) -> Done:
        return run(*words, "--config", self.file, expect=expect)

    def export(self, drive: Path, *words: str | Path, expect: int = 0) -> Done:
        return self.run("drive", "export", drive, "--by", "Петрова", *words, expect=expect)

    def states(self) -> dict[str, str]:
        items = json.loads(self.run("status", "--json").out)["items"]
        return {item["path"]: item["state"] for item in items}


@contextmanager
def centre_in(folder: Path, *options: str) -> Iterator[Centre]:
    """Served as the centre's."""
    folder.mkdir(parents=True)
    identity_in(Yard(folder).key, "centre")  # its key is known before it runs
    program, token = exchange_for(SCHOOL, folder, "--tier", "centre", *options)
    with program.running():
        yield Centre(folder, program, token)


def settings(base: Path, centre: Centre, *, url: str = NOWHERE) -> School:
    """A school that knows the centre's key and its own token, and by default no network."""
    base.mkdir(parents=True, exist_ok=True)
    (base / "token").touch(mode=0o600)
    (base / "token").write_text(centre.token)
    (base / "sync.toml").write_text(
        f'[school]\ncode = "{SCHOOL}"\n[target]\nkind = "tus"\nurl = "{url}"\ntoken_file = "token"\n'
        f'server_key = "{centre.key}"\n'
    )
    return School(base)


def one_room(
    base: Path, centre: Centre, *, station: str = "", url: str = NOWHERE, sound: bytes | None = None
) -> School:
    """Two takes, a stream, a record; contents differ by `station`."""
    school = settings(base, centre, url=url)
    staged(school.recordings, station=station or base.name, sound=sound)
    return school


def staged(recordings: Path, *, station: str, sound: bytes | None = None) -> StagedRoom:
    room = StagedRoom(recordings, "265", PEOPLE, station=station)
    room.stream(sound=sound)
    for person in PEOPLE:
        room.take(person)
    room.record()
    return room


def run(*words: str | Path, expect: int = 0) -> Done:
    """`station-sync` in this process; fails on another exit code than expected."""
    told, warned = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(warned):
        code = cli.main([str(word) for word in words])
    assert code == expect, (words, code, told.getvalue()[-500:], warned.getvalue())
    return Done(told.getvalue(), warned.getvalue())


def start(*words: str | Path) -> "subprocess.Popen[bytes]":
    """The same as a program of its own, to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "sync.cli", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def receive(centre: Centre, drive: Path, *words: str | Path, expect: int = 0) -> Done:
    return run("drive", "receive", drive, "--folder", centre.folder, *words, expect=expect)


def folder_on(drive: Path) -> Path:
    """The one folder of ours on the drive."""
    (found,) = [path for path in drive.iterdir() if (path / NOTE).exists()]
    return found


def note_of(folder: Path) -> DriveNote:
    return msgspec.json.decode((folder / NOTE).read_bytes(), type=DriveNote)


def files_of(folder: Path) -> list[DriveFile]:
    return list(msgspec.json.decode((folder / LIST).read_bytes(), type=DriveList).files)


def sealed_anew(folder: Path, token: str, change: Callable[[list[Any]], None]) -> None:
    """The plain drive with another list, and the seal of somebody who has the token: a hostile school's."""
    listed = json.loads((folder / LIST).read_bytes())
    change(listed["files"])
    content = json.dumps(listed).encode()
    (folder / LIST).write_bytes(content)
    note = msgspec.structs.replace(note_of(folder), list_sha256=hashlib.sha256(content).hexdigest())
    (folder / NOTE).write_bytes(note.sealed(key_of(token)).written)


def flip(path: Path, at: int | None = None) -> None:
    """One bit of one byte."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


@contextmanager
def small_drive(path: Path, options: str) -> Iterator[Path]:
    """A drive in memory."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        take_away(path)


def take_away(path: Path) -> None:
    """Pull the drive out, whoever still uses it."""
    while os.path.ismount(path):
        subprocess.run(["umount", "-l", str(path)], check=True)
