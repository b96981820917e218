"""Fixtures: a school with recordings."""

from pathlib import Path

import pytest
from school import School


@pytest.fixture
def school(tmp_path: Path) -> School:
    base = tmp_path / "school"
    base.mkdir()
    return School(base)
