"""The embedded exchange as its neighbours meet it: a process of its own, and a school's token."""

import sys
from pathlib import Path

from rig.ports import free_port
from rig.program import Program
from sync.exchange.accounts import add_school


def exchange_for(school: str, folder: Path, *options: str) -> tuple[Program, str]:
    """One that keeps everything in `folder`, not started yet, and the token of the school it admits."""
    port = free_port()
    words = ["exchange", "serve", "--folder", str(folder), "--port", str(port), *options]
    program = Program([sys.executable, "-m", "sync.cli", *words], port, folder.parent / "exchange.log")
    return program, add_school(folder, school)
