"""tus: our exchange, and two servers that sign nothing."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from far_ends import files_below, flip_last_byte
from rig.exchange import exchange_for
from rig.node import install_node_modules
from rig.ports import free_port
from rig.program import Program

from sync.transports import Transport
from sync.transports.tus import Tus

SCHOOL = "701020"
_NODE = Path(__file__).parents[1] / "node"


@dataclass
class TusServer:
    program: Program
    folder: Path
    token: str
    proves: bool
    names_files: bool
    resumes = True

    @property
    def port(self) -> int:
        return self.program.port

    def transport(self, port: int | None = None) -> Transport:
        return Tus(f"http://127.0.0.1:{port or self.port}/files", self.token)

    def stored(self) -> dict[str, bytes]:
        if self.names_files:
            place = self.folder / "schools" / SCHOOL
            return {path.relative_to(place).as_posix(): path.read_bytes() for path in files_below(place)}
        return {path.name: path.read_bytes() for path in files_below(self.folder) if not _bookkeeping(path)}

    def put(self, path: str, content: bytes) -> None:
        where = self.folder / "schools" / SCHOOL / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)

    def damage(self) -> None:
        for path in files_below(self.folder):
            if not _bookkeeping(path):
                flip_last_byte(path)

    def outage(self) -> AbstractContextManager[None]:
        return self.program.outage()


def _bookkeeping(path: Path) -> bool:
    if path.suffix == ".json":
        return path.with_suffix("").exists() or _is_state(path)
    return path.suffix in {".META", ".lock", ".key"} or path.name.startswith("exchange.db")


def _is_state(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except ValueError:
        return False


@contextmanager
def our_exchange(base: Path) -> Iterator[TusServer]:
    folder = base / "exchange"
    program, token = exchange_for(SCHOOL, folder)
    with program.running():
        yield TusServer(program, folder, token, proves=True, names_files=True)


@contextmanager
def _node_server(base: Path, script: str, *, proves: bool) -> Iterator[TusServer]:
    folder, port = base / "uploads", free_port()
    folder.mkdir()
    command = ["node", str(install_node_modules(_NODE) / script), str(folder), "127.0.0.1", str(port)]
    with Program(command, port, base / "node.log").running() as program:
        yield TusServer(program, folder, "", proves=proves, names_files=False)


def tus_server(base: Path) -> AbstractContextManager[TusServer]:
    return _node_server(base, "tus_server.mjs", proves=True)


def uploadx(base: Path) -> AbstractContextManager[TusServer]:
    return _node_server(base, "uploadx_server.mjs", proves=False)


FAR_ENDS = {"our exchange": our_exchange, "@tus/server": tus_server, "@uploadx/core": uploadx}
