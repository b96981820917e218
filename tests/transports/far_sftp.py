"""OpenSSH's server, with a configuration of its own."""

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from far_ends import files_below, flip_last_byte
from rig.ports import free_port
from rig.program import Program

from sync.naming import PART_PREFIX
from sync.transports import Transport
from sync.transports.sftp import Sftp
from sync.transports.shelf import Shelved
from sync.transports.ssh import Login

_CONF = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {base}/host_key
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile {base}/authorized
PasswordAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {base}/target
"""


@dataclass
class OpenSsh:
    base: Path
    program: Program
    state: Path = field(init=False)
    proves = resumes = names_files = True

    def __post_init__(self) -> None:
        self.state = self.base / "state"

    @property
    def folder(self) -> Path:
        return self.base / "target"

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def key_file(self) -> Path:
        return self.base / "our_key"

    def url(self, port: int | None = None) -> str:
        return f"sftp://127.0.0.1:{port or self.port}{self.folder}"

    def login(self, **told: object) -> Login:
        fields = {
            "user": self.user, "key": asyncssh.read_private_key(self.key_file), "password": None, "host_key": None,
            "known_hosts": self.state / "known_hosts",
        }  # fmt: skip
        return Login(**(fields | told))  # type: ignore[arg-type]

    def shelf(self, port: int | None = None, **told: object) -> Sftp:
        return Sftp(self.url(port), self.login(**told))

    def transport(self, port: int | None = None) -> Transport:
        return Shelved(self.shelf(port), self.url(), "hub")

    def stored(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in files_below(self.folder)
            if not path.name.startswith(PART_PREFIX)
        }

    def put(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def damage(self) -> None:
        for path in files_below(self.folder):
            flip_last_byte(path)

    @contextmanager
    def outage(self) -> Iterator[None]:
        sessions = self.sessions()
        with self.program.outage():
            _kill(sessions)
            yield

    def sessions(self) -> list[int]:
        """The processes of those connected."""
        return _below(self.program.pid)


def make_key(path: Path) -> None:
    path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)


def _below(pid: int) -> list[int]:
    """The processes it started, and those they did: a session of sshd leaves the group of its parent."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [found for child in map(int, children) for found in (child, *_below(child))]


def _kill(processes: list[int]) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def openssh(base: Path) -> Iterator[OpenSsh]:
    (base / "target").mkdir()
    for name in ("host_key", "our_key"):
        make_key(base / name)
    (base / "our_key.pub").rename(base / "authorized")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # made by the system's service, which does not run here
    port = free_port()
    conf = base / "sshd.conf"
    conf.write_text(_CONF.format(port=port, base=base))
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(conf)]
    with Program(command, port, base / "sshd.log").running() as program:
        yield OpenSsh(base, program)
        _kill(_below(program.pid))


FAR_ENDS = {"OpenSSH sftp": openssh}
