"""What the agent says of the deliveries, asked of its command line: the station knows nothing of it but these words."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from exam.language import say

_PATIENCE_S = 20.0


class _Item(Struct):
    path: str
    state: str
    reason: str | None = None


class _Said(Struct):
    items: tuple[_Item, ...]


class Undelivered(Struct, frozen=True):
    """A file on its way, and in which state it is."""

    file: str
    state: str
    reason: str | None


class Deliveries(Struct, frozen=True):
    """`delivered` of `files` have their receipt; `error`: why the agent could not be asked."""

    files: int = 0
    delivered: int = 0
    undelivered: tuple[Undelivered, ...] = ()
    error: str = ""


def asked(config: Path) -> Deliveries:
    """What the agent configured by `config` has delivered. Never raises: it is one line among others."""
    command = [sys.executable, "-m", "sync.cli", "status", "--json", "--config", str(config)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PATIENCE_S, check=False, stdin=subprocess.DEVNULL, env=os.environ
        )
    except subprocess.TimeoutExpired:
        return Deliveries(error=say("отправка не отвечает", "the agent does not answer"))
    except OSError as error:
        return Deliveries(error=str(error))
    try:
        said = msgspec.json.decode(done.stdout, type=_Said)
    except msgspec.MsgspecError:
        last = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        return Deliveries(error=last or say("отправка не отвечает", "the agent does not answer"))
    late = tuple(Undelivered(Path(item.path).name, item.state, item.reason) for item in said.items
                 if item.state != "delivered")  # fmt: skip
    return Deliveries(len(said.items), len(said.items) - len(late), late)
