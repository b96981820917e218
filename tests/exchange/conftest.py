"""Fixtures: a real exchange in a process of its own on a free port, and its first school."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange_peers import Client, Served
from rig.node import install_node_modules

from sync.exchange.accounts import add_school

SCHOOL = "701020"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exchange"


@pytest.fixture
def token(folder: Path) -> str:
    return add_school(folder, SCHOOL)


@pytest.fixture
def served(folder: Path, token: str) -> Iterator[Served]:  # noqa: ARG001 - the folder has its school first
    server = Served(folder)
    server.start()
    yield server
    server.end()


@pytest.fixture
def client(served: Served, token: str) -> Client:
    return Client(served, token)


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder of the Node.js programs, their packages installed."""
    return install_node_modules(Path(__file__).parents[1] / "node")
