"""Fixtures: the school of forty, and its headquarters as programs against a real exchange."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "school")


@pytest.fixture
def office(tmp_path: Path, school: School) -> Iterator[Office]:
    """Papers by hand; recordings and package go to a centre that runs."""
    centre = tmp_path / "centre"
    program, token = exchange_for(SCHOOL, centre, "--tier", "centre")
    key = tmp_path / "hq" / "token"
    key.parent.mkdir()
    key.write_text(token)
    key.chmod(0o600)
    target = f'kind = "tus"\nurl = "http://127.0.0.1:{program.port}/files"\ntoken_file = "{key}"'
    with program.running():
        yield Office(sync_toml(tmp_path / "hq", school, target=target, papers="by_hand"), centre)
