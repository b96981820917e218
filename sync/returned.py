"""Files whose receipts came back by another way than the network, and so wait for the agent to count them as delivered.

Owns `returned.jsonl` in the state folder. `sync.drives` adds to it beside a running agent, `sync.agent` reads it.
"""

from pathlib import Path

from msgspec import Struct

from sync.lines import Lines
from sync.plan import Key

FILE = "returned.jsonl"


class Returned(Struct, frozen=True, tag_field="event", tag="returned"):
    """A receipt for this content was kept, for what the far end holds under this path."""

    path: str
    sha256: str


class ReturnedFiles:
    """The files of one state folder."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[Returned] = Lines(state / FILE, Returned)

    def keys(self) -> set[Key]:
        """All of them, also those that are delivered since. Raises OSError."""
        return {(one.path, one.sha256) for one in self._lines.read()[0]}

    def add(self, key: Key) -> None:
        """Keep one durably. Raises OSError."""
        self._lines.append(Returned(*key))
