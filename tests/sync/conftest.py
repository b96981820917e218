"""Fixtures: a school with recordings, and real servers, each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from school import School, Target, exchange, node_server


@pytest.fixture
def school(tmp_path: Path) -> School:
    base = tmp_path / "school"
    base.mkdir()
    return School(base)


@pytest.fixture
def tus_server(tmp_path: Path) -> Iterator[Target]:
    with node_server("tus_server.mjs", tmp_path / "tus") as target:
        yield target


@pytest.fixture
def uploadx_server(tmp_path: Path) -> Iterator[Target]:
    with node_server("uploadx_server.mjs", tmp_path / "uploadx") as target:
        yield target


@pytest.fixture
def our_exchange(tmp_path: Path) -> Iterator[Target]:
    with exchange(tmp_path / "exchange") as target:
        yield target
