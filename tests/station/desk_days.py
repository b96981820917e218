"""A finished day with its configuration and roster, as the technician finds it on the computer, and the commands."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIG = """
[school]
code = "701020"
name = "МБОУ СОШ № 1"
time_zone = "Asia/Tomsk"
[exam]
date = 2026-02-11
[room]
number = "265"
[capture]
device = "test"
sample_rate = 8000
[storage]
folder = "recordings"
"""
ROSTER = """number,surname,first_name,patronymic,class,room
1,Иванов,Иван,Иванович,9А,265
2,Петрова,Анна,,9А,265
3,Сидоров,Олег,,9Б,300
4,Яковлева,Яна,,9В,265
"""


@dataclass
class Desk:
    """`top`: settings and recordings; `folder`: the day's."""

    top: Path
    folder: Path

    def run(self, *words: str, module: str = "station.cli", language: str = "ru") -> subprocess.CompletedProcess[str]:
        """A command, with no daemon to be found."""
        ours = {"XDG_RUNTIME_DIR": str(self.top), "STATION_CONFIG": str(self.top / "station.toml")}
        environment = os.environ | ours | {"EXAM_LANGUAGE": language}
        command = [sys.executable, "-m", module, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def told(self, *words: str) -> dict[str, Any]:
        """What a command that succeeds says as JSON."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def desk(top: Path, day: Path) -> Desk:
    """A copy of a finished day, to be worked on."""
    top.mkdir(parents=True, exist_ok=True)
    (top / "station.toml").write_text(CONFIG, encoding="utf-8")
    (top / "roster.csv").write_text(ROSTER, encoding="utf-8")
    folder = top / "recordings" / day.name
    shutil.copytree(day, folder)
    return Desk(top, folder)


@contextlib.contextmanager
def drive(path: Path, options: str = "size=8m") -> Iterator[Path]:
    """A drive in memory, of a given size."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        take_away(path)


@contextlib.contextmanager
def stick(image: Path, path: Path) -> Iterator[Path]:
    """A drive with a file system of its own, which keeps what it holds when it is pulled out."""
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(path)], check=True)
    try:
        yield path
    finally:
        take_away(path)


def take_away(path: Path) -> None:
    """Pull the drive out, whoever still uses it."""
    while path.is_mount():
        subprocess.run(["umount", "-l", str(path)], check=True)
