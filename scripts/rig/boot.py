"""A computer with a real systemd, booted beside this one: a Debian tree run by systemd-nspawn.

The tree and the wheels it installs from are made once and kept in $XDG_CACHE_HOME/exam-station, keyed by what goes
into them. A booted computer writes to memory only, so the tree stays as it was made and may be booted by several at
once. Needs root and the packages mmdebstrap, systemd-container and util-linux. Owns every process it starts.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
CHECKOUT, WHEELS = "/checkout", "/wheels"
"""Where the booted computer finds this project, and wheels of all it depends on; it has no network."""

SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "polkitd", "procps", "udev", "umockdev",
    "python3", "python3-venv", "libportaudio2", "libasound2-plugins", "espeak-ng", "ffmpeg",
    "pulseaudio", "pulseaudio-utils",
)  # fmt: skip
READY_S = 60.0
"""The longest the computer may take to boot, or to shut down; it takes one or two seconds."""
POLL_S = 0.02

_UP = {"running", "degraded"}

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": WHEELS,
}


class BootError(RuntimeError):
    """The computer did not do what was asked of it."""


def possible() -> bool:
    """Whether this machine can boot another."""
    needed = ("mmdebstrap", "systemd-nspawn", "nsenter", "setpriv")
    return os.geteuid() == 0 and all(shutil.which(program) for program in needed)


def tree() -> Path:
    """The root file system to boot; made when there is none of these packages."""

    def make(folder: Path) -> None:
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(folder)]
        _checked([*command, "http://deb.debian.org/debian"])

    return _kept("tree", f"{SUITE} {PACKAGES}", make)


def wheels() -> Path:
    """Wheels of everything the project needs, and is built with, for the tree's Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = sorted([*project["project"]["dependencies"], *project["build-system"]["requires"], "wheel"])

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
        _checked([*command, f"--python-version={PYTHON}", f"--dest={folder}", *wanted])

    return _kept("wheels", f"{PYTHON} {wanted}", make)


def _kept(what: str, made_of: str, make: Callable[[Path], None]) -> Path:
    """The cached folder; made under another name first, so that one broken off is never taken for a whole one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exam-station"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{what}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    with (cache / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder


def _checked(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BootError(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-4000:]}")


class Computer:
    """One booted computer; gone, with all that was written on it, at the end of the block.

    with Computer() as computer:
        computer.run("systemctl", "start", "station@265")
    """

    def __init__(self) -> None:
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the computer

    def __enter__(self) -> Self:
        # Dies with us in order: killed outright it would leave a running system behind.
        command = ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--quiet", "--boot", "--volatile=overlay",
                   "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                   f"--directory={tree()}", f"--machine=exam-{os.getpid()}",
                   f"--bind-ro={ROOT}:{CHECKOUT}", f"--bind-ro={wheels()}:{WHEELS}"]  # fmt: skip
        self._nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        try:
            self._await("boot", self._is_up)
        except BaseException:
            self._shut_down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shut_down()

    def ask(self, *words: str, text: str = "", timeout_s: float = 300.0) -> "subprocess.CompletedProcess[str]":
        """Run a command there as root, `text` on its standard input; how it ended is the caller's to judge."""
        enter = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        command = [*enter, "--root", "--wd", "--", *words]
        return subprocess.run(
            command, env=_ENVIRONMENT, input=text, capture_output=True, text=True, timeout=timeout_s, check=False,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *words: str, text: str = "", timeout_s: float = 300.0) -> str:
        """What a command that must succeed printed. Raises BootError with its complaint when it does not."""
        done = self.ask(*words, text=text, timeout_s=timeout_s)
        if done.returncode != 0:
            raise BootError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Put a file there."""
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, text=text)

    def properties(self, unit: str) -> Mapping[str, str]:
        """What systemd knows of a unit."""
        lines = self.run("systemctl", "show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def send(self, number: signal.Signals, pid: int) -> None:
        """A signal to a process, by the number it has there. ValueError for 0 or less, which mean groups of them."""
        if pid <= 0:
            raise ValueError(f"no process has the number {pid}")
        self.run("kill", f"-{number.name.removeprefix('SIG')}", str(pid))

    def _is_up(self) -> bool:
        if self._nspawn is not None and self._nspawn.poll() is not None:
            self._log.seek(0)
            raise BootError(f"systemd-nspawn ended:\n{self._log.read().decode(errors='replace')}")
        self._leader = self._first_process()
        return self._leader > 0 and self.ask("systemctl", "is-system-running").stdout.strip() in _UP

    def _first_process(self) -> int:
        """The computer's process 1, as this machine numbers it: nspawn's child. 0 before there is one."""
        if self._nspawn is None:
            return 0
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        return int((children.read_text(encoding="ascii").split() or ["0"])[0])

    def _await(self, what: str, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not true():
            if time.monotonic() > deadline:
                raise BootError(f"{what}: not within {READY_S:.0f} s")
            time.sleep(POLL_S)

    def _shut_down(self) -> None:
        if self._nspawn is not None:
            self._nspawn.terminate()  # nspawn hands it on as an orderly shutdown
            self._nspawn.wait(2 * READY_S)
