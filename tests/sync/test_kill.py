"""SIGKILL at any moment of an upload costs a resume, never a byte and never a second file."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from school import School, Target, noise, sha256, wait_for
from wire import wire_to

MB = 1_000_000
SIZE = 200 * MB
KILLS = 20
IN_FLIGHT = MB // 4
"""What buffers on the way may hold when a connection dies; it is lost, and sent again."""


@contextmanager
def life(school: School) -> Iterator[None]:
    """One life of the agent, ended by SIGKILL."""
    agent = school.start("run")
    try:
        yield
        assert agent.poll() is None
    finally:
        agent.kill()
        agent.communicate()


def partial(target: Target) -> Path:
    """The one file that has bytes at the far end."""
    there = [path for path in target.folder.rglob("*") if path.is_file() and not path.name.startswith("exchange.db")]
    found = [path for path in there if path.stat().st_size > MB // 10]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("name", ["tus_server", "our_exchange"])
@pytest.mark.slow
def test_twenty_kills_in_one_upload(school: School, name: str, request: pytest.FixtureRequest) -> None:
    target: Target = request.getfixturevalue(name)
    content = noise(SIZE)
    school.record("Ivanov I", content)
    moments = random.Random(KILLS)  # noqa: S311 - moments, not secrets
    with wire_to(target.port) as wire:
        wire.rate = 60 * MB
        school.send_to(target, url=f"http://127.0.0.1:{wire.port}/files")
        for _ in range(KILLS):
            enough = wire.sent + moments.uniform(MB // 2, 9 * MB)
            with life(school):
                wait_for(lambda enough=enough: wire.sent >= enough, 60)  # type: ignore[misc]
            there = partial(target).read_bytes()
            assert len(there) < SIZE
            assert content.startswith(there)
            assert "delivered" not in school.states().values()
        wire.rate = None
        done = school.once()
        assert done.returncode == 0, done.stderr
        assert wire.sent < SIZE + KILLS * IN_FLIGHT, f"{wire.sent / SIZE:.3f} times the file crossed the line"
    assert target.stored()[sha256(content)] == 1
    assert set(school.states().values()) == {"delivered"}


def test_kills_at_every_step_of_many_small_files(school: School, our_exchange: Target) -> None:
    """Small files, so that kills land between the steps: creation, ledger, last byte, receipt."""
    contents = [noise(20_000, seed) for seed in range(40)]
    for number, content in enumerate(contents):
        school.record(f"Ivanov {number}", content)
    school.send_to(our_exchange)
    moments = random.Random(KILLS)  # noqa: S311 - moments, not secrets
    for _ in range(KILLS):
        enough = min(len(our_exchange.stored()) + moments.randint(0, 3), 2 * len(contents))
        with life(school):
            wait_for(lambda enough=enough: len(our_exchange.stored()) >= enough)  # type: ignore[misc]
    assert school.once().returncode == 0
    stored = our_exchange.stored()
    assert all(stored[sha256(content)] == 1 for content in contents)
