"""SFTP servers that are not OpenSSH: a password instead of a key, no extensions, a rename that would replace."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import asyncssh
import pytest
from school import School, noise, sha256

from exam.errors import Transient
from sync.source import Source
from sync.transports.sftp import Sftp
from sync.transports.ssh import Login

pytestmark = pytest.mark.slow
USER, PASSWORD = "school", " s3cret-Words, и кириллица!"


class _Doors(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


class _Replacing(asyncssh.SFTPServer):
    """As some servers: a rename takes the place of what is there, nothing is synced, nobody tells of space."""

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        Path(self.map_path(oldpath).decode()).replace(self.map_path(newpath).decode())

    refused_at: ClassVar[int] = -1

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if offset == self.refused_at:
            raise asyncssh.SFTPFailure("no room just now")
        return int(super().write(file_obj, offset, data))

    def fsync(self, file_obj: object) -> None:  # noqa: ARG002
        raise asyncssh.SFTPOpUnsupported("no fsync")

    def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:  # noqa: ARG002
        raise asyncssh.SFTPOpUnsupported("no statvfs")


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """An SFTP server in a thread, with `folder` as its root; its port."""
    loop, ready, port = asyncio.new_event_loop(), threading.Event(), [0]

    async def serve() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=_Doors,
            sftp_factory=lambda channel: _Replacing(channel, chroot=str(folder).encode()),
        )  # fmt: skip
        port[0] = server.get_port()
        ready.set()

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert ready.wait(10), task
    yield port[0]
    asyncio.run_coroutine_threadsafe(_all_ended(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


async def _all_ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def test_a_password_opens_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "far" / "day").mkdir(parents=True)
    base = tmp_path / "school"
    base.mkdir()
    school = School(base)
    content = noise(20_000_000)
    school.record("Иванов И", content)
    with served(tmp_path / "far") as port:
        told = f'kind = "sftp"\nurl = "sftp://127.0.0.1:{port}/day"\nuser = "{USER}"\npassword_file = "password"\n'
        (base / "sync.toml").write_text(f'[school]\ncode = "701020"\n[target]\n{told}')
        (base / "password").write_text("wrong-" + PASSWORD)
        (base / "password").chmod(0o600)
        refused = school.once()
        assert refused.returncode == 1
        assert "target.password_file" in refused.stderr
        assert PASSWORD not in refused.stderr + str(school.status())
        (base / "password").write_text(PASSWORD + "\n")
        done = school.once()
    assert done.returncode == 0, done.stderr
    (found,) = (tmp_path / "far" / "day").rglob("*.wav")
    assert found.read_bytes() == content


def test_a_server_whose_rename_replaces_is_not_asked_to(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.mp3").write_bytes(b"theirs")
    file = tmp_path / "source.bin"
    file.write_bytes(b"ours")
    with served(tmp_path / "far") as port:
        login = Login(USER, None, PASSWORD, None, tmp_path / "known_hosts")
        shelf = Sftp(f"sftp://127.0.0.1:{port}/", login)
        with Source(file, 4, sha256(b"ours")) as source:
            shelf.write(".part-1", source, 0, lambda _through: None)
        assert not shelf.publish(".part-1", "a.mp3")
        assert (tmp_path / "far" / "a.mp3").read_bytes() == b"theirs"
        shelf.close()


def test_a_block_refused_among_others_leaves_no_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came after it would, by its size, look as if all before it were there."""
    (tmp_path / "far").mkdir()
    content = noise(3_000_000)
    file = tmp_path / "source.bin"
    file.write_bytes(content)
    monkeypatch.setattr(_Replacing, "refused_at", 1 << 20)
    with served(tmp_path / "far") as port, Source(file, len(content), sha256(content)) as source:
        shelf = Sftp(f"sftp://127.0.0.1:{port}/", Login(USER, None, PASSWORD, None, tmp_path / "known_hosts"))
        with pytest.raises(Transient) as found:
            shelf.write(".part-1", source, 0, lambda _through: None)
        assert (found.value.code, shelf.size(".part-1")) == ("server_failed", 1 << 20)
        monkeypatch.undo()
        shelf.write(".part-1", source, 1 << 20, lambda _through: None)
        assert (tmp_path / "far" / ".part-1").read_bytes() == content
        shelf.close()
