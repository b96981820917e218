"""WebDAV: four servers that others wrote. Apache and nginx want a password."""

import base64
import hashlib
import os
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from far_ends import files_below, flip_last_byte
from rig.ports import free_port
from rig.program import Program

from sync.naming import PART_PREFIX
from sync.transports import Transport
from sync.transports.shelf import Shelved
from sync.transports.web import Basic
from sync.transports.webdav import WebDav

USER, PASSWORD = "school", "dav-password"
_CONFIGURATIONS = Path(__file__).parent / "webdav"
_SCRIPTS = Path(sys.executable).parent
_AS_ROOT = os.geteuid() == 0


@dataclass
class DavServer:
    """`folder`: what it serves; the target is `folder/ИС 9`, so that the address itself needs spelling."""

    program: Program
    folder: Path
    resumes: bool
    scheme: str = "http"
    proves = names_files = True

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def target(self) -> Path:
        return self.folder / "ИС 9"

    def address(self, port: int | None = None) -> str:
        return f"{self.scheme}://127.0.0.1:{port or self.port}/ИС 9"

    def shelf(self, port: int | None = None, *, password: str = PASSWORD, ca_file: str | None = None) -> WebDav:
        return WebDav(self.address(port), Basic(USER, password), keyed_by="password_file", ca_file=ca_file)

    def transport(self, port: int | None = None) -> Transport:
        return Shelved(self.shelf(port), self.address(port), "hub")

    def stored(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.target).as_posix(): path.read_bytes()
            for path in files_below(self.target)
            if not path.name.startswith(PART_PREFIX)
        }

    def put(self, path: str, content: bytes) -> None:
        where = self.target / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)
        for made in (where.parent, where):
            _own(made)

    def damage(self) -> None:
        for path in files_below(self.target):
            flip_last_byte(path)

    def outage(self) -> AbstractContextManager[None]:
        return self.program.outage()


def _own(path: Path) -> None:
    """Apache refuses to work as root, and is another user then."""
    if _AS_ROOT:
        shutil.chown(path, "www-data", "www-data")


def _configured(server: str, base: Path, port: int, stored: Path) -> Path:
    """Its configuration and its list of users, which is read by the server's own user."""
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    (base / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
    told = string.Template((_CONFIGURATIONS / f"{server}.conf").read_text())
    file = base / f"{server}.conf"
    file.write_text(told.substitute(PORT=port, BASE=base, STORED=stored))
    return file


@contextmanager
def apache(_base: Path, *flags: str, stored: Path | None = None, extra: Iterable[Path] = ()) -> Iterator[DavServer]:
    """In a folder of its own: its user cannot look into those of a test. `stored`: what it serves, given to it;
    `extra`: files it finds there."""
    with tempfile.TemporaryDirectory(prefix="apache-") as own:
        base, port = Path(own), free_port()
        stored = stored or base / "stored"
        target = stored / "ИС 9"
        target.mkdir(parents=True)
        base.chmod(0o755)
        for folder in (base, stored, target):
            _own(folder)
        for file in extra:
            shutil.copy(file, base)
        root = ["-DAsRoot"] if _AS_ROOT else []
        command = ["apache2", "-DFOREGROUND", *root, *flags, "-f", str(_configured("apache", base, port, stored))]
        with Program(command, port, base / "apache.log").running() as program:
            yield DavServer(program, stored, resumes=True)


@contextmanager
def nginx(base: Path, stored: Path | None = None) -> Iterator[DavServer]:
    port, stored = free_port(), stored or base / "nginx"
    (stored / "ИС 9").mkdir(parents=True)
    command = ["nginx", "-e", str(base / "nginx.errors"), "-c", str(_configured("nginx", base, port, stored))]
    with Program(command, port, base / "nginx.log").running() as program:
        yield DavServer(program, stored, resumes=False)


@contextmanager
def wsgidav(base: Path, stored: Path | None = None) -> Iterator[DavServer]:
    port, stored = free_port(), stored or base / "wsgidav"
    (stored / "ИС 9").mkdir(parents=True)
    command = [str(_SCRIPTS / "wsgidav"), "--no-config", "--host=127.0.0.1", f"--port={port}", f"--root={stored}"]
    with Program([*command, "--auth=anonymous"], port, base / "wsgidav.log").running() as program:
        yield DavServer(program, stored, resumes=False)


@contextmanager
def rclone(base: Path, *flags: str, stored: Path | None = None) -> Iterator[DavServer]:
    """By default it takes the NFC and the NFD spelling of a name for one. Without a cache for folders it would spin."""
    port, stored = free_port(), stored or base / "rclone"
    (stored / "ИС 9").mkdir(parents=True)
    command = [str(_SCRIPTS / "rclone"), "serve", "webdav", str(stored), f"--addr=127.0.0.1:{port}"]
    command += ["--dir-cache-time=1ms", f"--config={base / 'rclone.conf'}", f"--cache-dir={base / 'rclone-cache'}"]
    with Program([*command, *(flags or _BYTE_EXACT)], port, base / "rclone.log").running() as program:
        yield DavServer(program, stored, resumes=False)


_BYTE_EXACT = ("--no-unicode-normalization",)


@contextmanager
def apache_with_tls(base: Path) -> Iterator[tuple[DavServer, Path]]:
    """And the certificate it made itself."""
    certificate, key = base / "certificate.pem", base / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    with apache(base, "-DTls", extra=(certificate, key)) as server:
        yield replace(server, scheme="https"), certificate


Served = Callable[..., AbstractContextManager[DavServer]]
FAR_ENDS: dict[str, Served] = {
    "Apache mod_dav": apache,
    "nginx dav": nginx,
    "wsgidav": wsgidav,
    "rclone serve webdav": rclone,
}
