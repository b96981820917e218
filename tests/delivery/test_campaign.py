"""Five hundred random faults between a school and our exchange: everything arrives once, nothing is claimed falsely."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from campaign import Agent, Campaign, Kinds, Shore, of_the_answers, of_the_line, of_the_programs
from rig.ports import free_port
from rig.program import Program
from school import School
from wire import wire_to

from sync.exchange.accounts import add_school

CODE = "701020"
DISK_MB = 1600
SEED = 20260211
METHODS = (b"POST", b"PATCH", b"HEAD", b"GET")
SLOW_KINDS = {"stall, sending": 20, "stall, answering": 20, "server's disk full": 20, "token replaced": 20}
"""How often what takes seconds each time happens; everything else happens `OFTEN` times."""
OFTEN = 20


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A small disk in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def of_our_exchange(campaign: Campaign, folder: Path) -> Kinds:
    """What its administrator sees."""
    school, chance = campaign.school, campaign.chance

    def fill_disk() -> None:
        ballast = folder / "ballast"
        with campaign.is_told("disk"), ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _free(folder) - chance.choice([30_000_000, 100_000_000]))
            if chance.random() < 0.5:  # to the last byte, half of the times
                _fill(file.fileno())
        campaign.nothing_is_falsely_delivered()
        ballast.unlink()

    def replace_token() -> None:
        with campaign.is_told("refused the token"):
            token = add_school(folder, CODE, replace=True)
        _write_token(school, token)

    return {"server's disk full": fill_disk, "token replaced": replace_token}


def _free(folder: Path) -> int:
    return os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize


def _fill(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_END)
        while os.write(descriptor, bytes(65536)):
            pass


def _write_token(school: School, token: str) -> None:
    file = school.base / "token.new"
    file.touch(mode=0o600)
    file.write_text(token)
    file.rename(school.base / "token")


@contextmanager
def campaign_at_our_exchange(school: School, base: Path, seed: int) -> Iterator[tuple[Campaign, Kinds]]:
    with disk(base / "disk") as mounted, disk(school.state):  # whose syncs are not what is tested
        folder, port = mounted / "exchange", free_port()
        _write_token(school, add_school(folder, CODE))
        command = [sys.executable, "-m", "sync.cli", "exchange", "serve", "--folder", str(folder), "--port", str(port)]
        with Program(command, port, base / "exchange.log").running() as server, wire_to(port) as wire:
            (school.base / "sync.toml").write_text(
                f'[school]\ncode = "{CODE}"\n[target]\nkind = "tus"\nurl = "http://127.0.0.1:{wire.port}/files"\n'
                'token_file = "token"\n'
            )
            school.day.mkdir(parents=True)
            with Agent(school).running() as agent:
                one = Campaign(school, agent, wire, Shore(folder / "schools" / CODE), seed)
                kinds = of_the_line(one) | of_the_answers(one, METHODS) | of_the_programs(one, server)
                yield one, kinds | of_our_exchange(one, folder)


@pytest.mark.slow
def test_five_hundred_faults(school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with campaign_at_our_exchange(school, tmp_path, SEED) as (campaign, kinds):
        order = [kind for kind in kinds for _ in range(SLOW_KINDS.get(kind, OFTEN))]
        campaign.chance.shuffle(order)
        campaign.rage(kinds, order)
        campaign.everything_arrives()
    with capsys.disabled():
        sys.stdout.write(f"\nseed {SEED}\n{campaign.table()}\n")
    assert campaign.struck.total() >= 500


def test_each_fault_once(school: School, tmp_path: Path) -> None:
    with campaign_at_our_exchange(school, tmp_path, SEED) as (campaign, kinds):
        campaign.rage(kinds, list(kinds))
        campaign.everything_arrives()
