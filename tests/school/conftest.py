"""Fixtures: the school of forty, and its headquarters against a real exchange."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forty import School, sync_toml
from organizer import Office
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL


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
