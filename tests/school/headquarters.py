"""A headquarters' exchange and rooms paired with it, all as programs, over TLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import requests
from rig.exchange import exchange_for
from rig.program import Program
from school import School, wait_for

from sync import pairing
from sync.exchange import listening
from sync.exchange.roomcommands import invite
from sync.exchange.yard import Yard

CODE = "701020"


class Hub(NamedTuple):
    """`program` serves `folder`; `token`: the school's own, not a room's."""

    program: Program
    folder: Path
    token: str

    @property
    def port(self) -> int:
        return self.program.port


@contextmanager
def headquarters(folder: Path, *options: str) -> Iterator[Hub]:
    """Served by the certificate it makes for itself."""
    program, token = exchange_for(CODE, folder, "--tls", *options)
    with program.running():
        wait_for(lambda: listening.known(Yard(folder)) is not None)  # a moment after it answers
        yield Hub(program, folder, token)


def invited(folder: Path, room: str = "265") -> str:
    """The text of an invitation, as the headquarters prints it."""
    return invite(folder, CODE, room=room)[0]


def paired(base: Path, folder: Path, room: str = "265") -> School:
    """A room's computer that used an invitation."""
    pairing.pair(invited(folder, room), base / "sync.toml")
    return School(base)


def lets_in(hub: Hub, school: School) -> bool:
    """Whether the computer's token opens the exchange."""
    token = (school.base / "hub.token").read_text().strip()
    answer = requests.get(
        f"https://127.0.0.1:{hub.port}/receipts/{'0' * 64}", verify=str(hub.folder / "tls.pem"), timeout=10,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    return answer.status_code == 404
