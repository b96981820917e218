"""Fixtures: the school of forty, and its headquarters against a real exchange."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forty import School
from organizer import Office, organized


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "school")


@pytest.fixture
def office(tmp_path: Path, school: School) -> Iterator[Office]:
    with organized(tmp_path, school) as made:
        yield made
