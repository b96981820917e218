"""A headquarters as programs: its configuration, `station-sync` run with it, and what the centre received."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forty import School, sync_toml
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL

from sync import config as configuration
from sync.config import Config


@dataclass
class Office:
    """The headquarters: its configuration, and `station-sync` run with it."""

    file: Path
    centre: Path

    def say(self, before: str, after: str) -> None:
        """Change the configuration."""
        told = self.file.read_text(encoding="utf-8")
        assert before in told
        self.file.write_text(told.replace(before, after), encoding="utf-8")

    @property
    def config(self) -> Config:
        return configuration.load(self.file)

    def run(self, *words: str, expect: int | None = 0) -> str:
        """Output of a command, errors after it; fails on another exit code than expected."""
        done = subprocess.run(
            [sys.executable, "-m", "sync.cli", *words, "--config", str(self.file)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert expect is None or done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def package(self) -> dict[str, Any]:
        return dict(json.loads(self.run("package", "--json", expect=None)))

    def received(self) -> list[dict[str, Any]]:
        """What the centre holds, as its own command tells."""
        told = subprocess.run(
            [sys.executable, "-m", "sync.cli", "exchange", "packages", "--folder", str(self.centre), "--json"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return list(json.loads(told.stdout))


@contextmanager
def organized(base: Path, school: School, papers: str = "by_hand") -> Iterator[Office]:
    """The school's headquarters in `base`; its recordings and package go to a centre that runs."""
    program, token = exchange_for(SCHOOL, base / "centre", "--tier", "centre")
    key = base / "hq" / "token"
    key.parent.mkdir()
    key.write_text(token)
    key.chmod(0o600)
    target = f'kind = "tus"\nurl = "http://127.0.0.1:{program.port}/files"\ntoken_file = "token"\ntier = "centre"'
    with program.running():
        yield Office(sync_toml(base / "hq", school, target=target, papers=papers), base / "centre")


def matrix(office: Office) -> dict[str, Any]:
    """As the centre's own command tells it, beside the served exchange."""
    words = ["exchange", "matrix", "--folder", str(office.centre), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "sync.cli", *words], capture_output=True, text=True, timeout=60, check=True
    )
    (day,) = json.loads(done.stdout)
    return dict(day)


def agree(office: Office, day: dict[str, Any]) -> None:
    """Square by square: the school's report of now, and what the centre found."""
    report = {row["person"]["number"]: row for row in office.package()["rows"]}
    here = {row["number"]: row for row in day["rows"]}
    assert here.keys() == report.keys()
    for number, row in report.items():
        school = {stage: cell["mark"] for stage, cell in row["cells"].items()}
        assert {stage: cell["centre"]["mark"] for stage, cell in here[number]["cells"].items()} == school, number
        assert [take["stem"] for take in here[number]["takes"]] == [take["stem"] for take in row["takes"]]
        assert here[number]["outcome"] == (row["said"]["outcome"] if row["said"] else None)
        assert all(cell["agrees"] for cell in here[number]["cells"].values())
