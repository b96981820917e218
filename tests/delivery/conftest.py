"""Fixtures: a school with recordings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from school import School, Target, exchange


@pytest.fixture
def school(tmp_path: Path) -> School:
    base = tmp_path / "school"
    base.mkdir()
    return School(base)


@pytest.fixture
def our_exchange(tmp_path: Path) -> Iterator[Target]:
    with exchange(tmp_path / "exchange") as target:
        yield target
