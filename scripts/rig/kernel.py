"""Debian's kernel for the emulated machine, fetched and unpacked once: a cache beside no repository.

Needs apt's lists, dpkg-deb, depmod (kmod) and busybox-static; no root.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "linux-image-amd64"
_BUSYBOX = Path("/bin/busybox")
_INIT = Path(__file__).parent / "guest" / "init"
_FIRST_MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "9pnet_virtio", "9p", "overlay")
_UNUSED = (
    "drivers/net",
    "drivers/gpu",
    "drivers/media",
    "drivers/scsi",
    "drivers/infiniband",
    "drivers/iio",
    "drivers/hwmon",
)


class NoMachine(RuntimeError):
    """The emulated machine cannot be made here; the words say what is missing."""


@dataclass(frozen=True)
class Kernel:
    """What qemu starts, and the tree further modules come from."""

    image: Path
    ramdisk: Path
    tree: Path


def kernel() -> Kernel:
    """The kernel, built when this machine has none yet or its parts have changed. NoMachine when it cannot be."""
    package = _newest()
    key = hashlib.sha256(b"\0".join([package.encode(), _INIT.read_bytes(), repr(_FIRST_MODULES).encode()])).hexdigest()
    folder = _cache() / key[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel tests: one builds, the others wait for it
        if not folder.exists():
            _build(package, folder)
    return Kernel(next((folder / "tree" / "boot").glob("vmlinuz-*")), folder / "ramdisk", folder / "tree")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "exam-station" / "machine"


def _newest() -> str:
    """The package that really holds the newest kernel."""
    for line in _run("apt-cache", "depends", _PACKAGE).splitlines():
        relation, _, name = line.strip().partition(": ")
        if relation == "Depends" and name.startswith("linux-image-"):
            return name
    raise NoMachine(f"apt knows no {_PACKAGE}: the emulated machine runs Debian's kernel")


def _build(package: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / "made"
        tree = made / "tree"
        tree.mkdir(parents=True)
        _run("apt-get", "-q", "download", package, cwd=Path(name))
        deb = next(Path(name).glob("*.deb"))
        archive = Path(name) / "archive.tar"
        _run("sh", "-c", f'dpkg-deb --fsys-tarfile "{deb}" >"{archive}"')
        unused = [f"--exclude=*/kernel/{part}" for part in _UNUSED]
        _run("tar", "-x", "-f", str(archive), "-C", str(tree), *unused, "./boot", "./lib")
        modules = next((tree / "lib" / "modules").iterdir())
        _run("/usr/sbin/depmod", "-b", str(tree), modules.name)
        _pack(modules, Path(name) / "ramdisk", made / "ramdisk")
        made.rename(folder)


def _pack(modules: Path, contents: Path, ramdisk: Path) -> None:
    """A RAM disk of busybox, our init and the modules it loads, in their order."""
    (contents / "bin").mkdir(parents=True)
    (contents / "modules").mkdir()
    shutil.copy2(_BUSYBOX, contents / "bin" / "busybox")
    shutil.copy(_INIT, contents / "init")
    (contents / "init").chmod(0o755)
    order = _in_order((modules / "modules.dep").read_text())
    for path in order:
        shutil.copy(modules / path, contents / "modules")
    names = "".join(f"{Path(path).name}\n" for path in order)
    (contents / "modules" / "order").write_text(names)
    _run("sh", "-c", f'find . | {_BUSYBOX} cpio -o -H newc >"{ramdisk}"', cwd=contents)


def _in_order(dependencies: str) -> list[str]:
    """Paths of the first modules and of what each needs, the needed ones first."""
    needs = dict(line.split(":", 1) for line in dependencies.splitlines())
    order: dict[str, None] = {}
    for module in _FIRST_MODULES:
        path = next(path for path in needs if Path(path).name.split(".")[0] == module)
        order.update(dict.fromkeys([*reversed(needs[path].split()), path]))
    return list(order)


def _run(*words: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoMachine(f"{words[0]}: {error}") from error
    if done.returncode:
        raise NoMachine(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
