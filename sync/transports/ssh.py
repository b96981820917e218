"""SSH as the SFTP transport speaks it: who we are, who the server is, one SFTP session, and errors in our words.

The only module that imports `asyncssh`. A refusal of the server (a status of SFTP) leaves here as the OSError it stands
for, everything else as Transient or Fatal. Its event loop runs in a thread of its own, so that a signal that ends a
transfer is raised in the thread that waits. Nothing of the user's own SSH is used: no agent, no ~/.ssh.
"""

import asyncio
import errno
import os
import stat
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import asyncssh
from asyncssh.packet import PacketDecodeError
from msgspec import Struct

from exam import durable, oswords
from exam.errors import ConfigError, ExamError, Fatal, Transient
from exam.settings import wrong
from sync.targets import check_private

_CONNECT_S = 30.0
"""For the line, the server's greeting and the login together."""
_ANSWER_S = 120.0
"""For one answer: a server may sync before it gives it, and what is under way goes before it on a slow line."""
_KEEPALIVE_S, _KEEPALIVES = 60, 4
_CLOSE_S = 2.0
_PORT = 22

_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
              "rsa-sha2-256")  # fmt: skip
_FASTEST_FIRST = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

_STATUSES: tuple[tuple[type[asyncssh.SFTPError], int], ...] = (
    (asyncssh.SFTPNoSuchFile, errno.ENOENT),
    (asyncssh.SFTPNoSuchPath, errno.ENOENT),
    (asyncssh.SFTPPermissionDenied, errno.EACCES),
    (asyncssh.SFTPWriteProtect, errno.EROFS),
    (asyncssh.SFTPFileAlreadyExists, errno.EEXIST),
    (asyncssh.SFTPNoSpaceOnFilesystem, errno.ENOSPC),
    (asyncssh.SFTPQuotaExceeded, errno.EDQUOT),
    (asyncssh.SFTPInvalidFilename, errno.EINVAL),
    (asyncssh.SFTPBadMessage, errno.EINVAL),  # OpenSSH's word for a name that is too long
    (asyncssh.SFTPOpUnsupported, errno.EOPNOTSUPP),
    (asyncssh.SFTPFailure, errno.EIO),  # its word for everything else
)
_T = TypeVar("_T")


class Login(Struct, frozen=True):
    """`host_key`: the server's, as configured; without one the first key met is kept in the file `known_hosts`."""

    user: str
    key: asyncssh.SSHKey | None
    password: str | None
    host_key: asyncssh.SSHKey | None
    known_hosts: Path


class Space(Struct, frozen=True):
    """What the server tells of its disk."""

    free_bytes: int
    read_only: bool


def private_key(config: Path, file: str) -> asyncssh.SSHKey:
    """The key that `target.key_file` names. Raises ConfigError."""
    path = Path(file)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = asyncssh.read_private_key(path)
    except (OSError, ValueError) as error:
        ru, en = oswords.both(error) if isinstance(error, OSError) else (type(error).__name__,) * 2
        raise wrong(
            config,
            "target.key_file",
            f"закрытый ключ SSH {path} не читается ({ru}); нужен ключ без пароля: ssh-keygen -t ed25519 -N ''",
            f"the private SSH key {path} cannot be read ({en}); one without a passphrase is needed: "
            "ssh-keygen -t ed25519 -N ''",
        ) from error
    check_private(config, "target.key_file", path, mode)
    return key


def host_key(config: Path, text: str) -> asyncssh.SSHKey:
    """The key that `target.host_key` holds. Raises ConfigError."""
    try:
        return asyncssh.import_public_key(text)
    except ValueError as error:
        raise wrong(
            config,
            "target.host_key",
            'ожидается ключ сервера вида "ssh-ed25519 AAAA…" (его покажет ssh-keyscan)',
            'expected the server\'s key like "ssh-ed25519 AAAA…" (ssh-keyscan shows it)',
        ) from error


class _Doorman(asyncssh.SSHClient):
    """Sees the key of the server; what is not among those expected may enter only where nothing is."""

    def __init__(self, expected: list[asyncssh.SSHKey]) -> None:
        self._expected = expected
        self.shown: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.shown = key
        return not self._expected or key in self._expected


class Session:
    """One server. Connects when first asked, and anew after `drop`. `address`: what the configuration calls it;
    `login`: who we are, or where that is asked for each time."""

    def __init__(self, address: str, host: str, port: int | None, login: Login | Callable[[], Login]) -> None:
        self._address, self._host, self._port = address, host, port or _PORT
        self._renewed = login if callable(login) else lambda: login
        self._login = self._renewed()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._doubted = ""

    @property
    def sftp(self) -> asyncssh.SFTPClient:
        """The session. Raises Transient, Fatal."""
        if self._sftp is None:
            self._login = self._renewed()
            doorman = _Doorman(self._expected())
            try:
                self._sftp = self._wait(self.begin(self._connect(doorman)))
            except (asyncssh.Error, OSError, PacketDecodeError) as error:
                raise self._refusal(error, doorman) from error
            self._doubted = ""
            self._remember(doorman)
        return self._sftp

    def begin(self, work: Awaitable[_T]) -> "Future[_T]":
        """Let it be done; its result is for `finish`."""
        return asyncio.run_coroutine_threadsafe(_awaited(work), self._running())

    def finish(self, begun: "Future[_T]") -> _T:
        """Its result. Raises OSError for what the server refused; Transient, and connects anew, when it is away."""
        try:
            return self._wait(begun)
        except (asyncssh.Error, PacketDecodeError) as error:
            for status, number in _STATUSES:
                if isinstance(error, status):
                    raise OSError(number, os.strerror(number)) from error
            self.drop()
            raise self._unreachable(error) from error
        except OSError as error:
            raise self._unreachable(error) from error

    def do(self, work: Awaitable[_T]) -> _T:
        """Both."""
        return self.finish(self.begin(work))

    def space(self, path: bytes) -> Space | None:
        """None where the server does not tell."""
        try:
            told = self.do(self.sftp.statvfs(path))
        except OSError:
            return None
        return Space(told.bavail * told.frsize, bool(told.flags & os.ST_RDONLY))

    def drop(self) -> None:
        """Let the connection go, whatever is under way in it."""
        if self._connection is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._connection.abort)
        self._connection = self._sftp = None

    def close(self) -> None:
        """And the thread."""
        connection, loop = self._connection, self._loop
        if loop is None:
            return
        self.drop()
        if connection is not None:
            with suppress(asyncssh.Error, OSError):  # it was broken already
                self.begin(connection.wait_closed()).result(_CLOSE_S)
        self._loop = None
        loop.call_soon_threadsafe(loop.stop)

    def _wait(self, begun: "Future[_T]") -> _T:
        """Whatever ends the waiting but an answer leaves the session in a state unknown: it is dropped."""
        try:
            return begun.result(_ANSWER_S)
        except asyncssh.SFTPError:
            raise
        except BaseException:
            begun.cancel()
            self.drop()
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = loop = asyncio.new_event_loop()
            # What was under way in a connection that was dropped fails, and nobody waits for it any more.
            loop.set_exception_handler(lambda _loop, _context: None)
            threading.Thread(target=_run, args=(loop,), name="ssh", daemon=True).start()
        return self._loop

    async def _connect(self, doorman: _Doorman) -> asyncssh.SFTPClient:
        login, expected = self._login, self._expected()
        self._connection = connection = await asyncssh.connect(
            self._host,
            self._port,
            config=None,
            username=login.user,
            client_keys=[login.key] if login.key else None,
            password=login.password,
            agent_path=None,
            known_hosts=(expected, [], []),
            server_host_key_algs=_kinds(expected),
            client_factory=lambda: doorman,
            encryption_algs=_FASTEST_FIRST,
            compression_algs=None,
            connect_timeout=_CONNECT_S,
            login_timeout=_CONNECT_S,
            keepalive_interval=_KEEPALIVE_S,
            keepalive_count_max=_KEEPALIVES,
        )
        return await connection.start_sftp_client()

    def _expected(self) -> list[asyncssh.SSHKey]:
        """The keys one of which the server must have; none: the first one met will do."""
        if self._login.host_key is not None:
            return [self._login.host_key]
        file = self._login.known_hosts
        if not file.exists():
            return []
        try:
            return list(asyncssh.match_known_hosts(str(file), self._host, "", self._port)[0])
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"Файл ключей серверов {file} не читается. Исправьте или удалите его.",
                f"The file of servers' keys {file} cannot be read. Mend or delete it.",
            ) from error

    def _remember(self, doorman: _Doorman) -> None:
        if doorman.shown is None or self._expected():
            return
        file = self._login.known_hosts
        place = self._host if self._port == _PORT else f"[{self._host}]:{self._port}"
        line = f"{place} {doorman.shown.export_public_key().decode().strip()}\n"
        durable.make_folder(file.parent, mode=0o700)
        durable.rewrite(file, (file.read_bytes() if file.exists() else b"") + line.encode(), mode=0o600)

    def _refusal(self, error: Exception, doorman: _Doorman) -> ExamError:
        """Why there is no session."""
        if isinstance(error, asyncssh.PermissionDenied):
            return self._wrong_login()
        lasting = self._lasting(error, doorman)
        if lasting is not None and self._doubted == lasting.en:
            return lasting
        if lasting is not None:
            self._doubted = lasting.en  # what a bad line garbled is not garbled alike twice
        return self._unreachable(error)

    def _lasting(self, error: Exception, doorman: _Doorman) -> Fatal | None:
        """What no waiting mends."""
        if isinstance(error, asyncssh.HostKeyNotVerifiable) and doorman.shown is not None:
            return self._other_key(doorman.shown.get_fingerprint())
        if isinstance(error, asyncssh.KeyExchangeFailed) and "No matching" in str(error):
            return self._no_common(str(error))
        cut = isinstance(error, asyncssh.ChannelOpenError) and error.code == asyncssh.OPEN_CONNECT_FAILED
        if isinstance(error, asyncssh.ChannelOpenError | asyncssh.SFTPBadMessage) and not cut:
            return self._no_sftp(error)
        return None

    def _unreachable(self, error: Exception) -> Transient:
        return Transient(
            f"Нет связи с сервером {self._address} ({type(error).__name__}); отправка продолжится сама.",
            f"No connection to {self._address} ({type(error).__name__}); sending will go on by itself.",
            code="unreachable",
        )

    def _wrong_login(self) -> Fatal:
        return Fatal(
            f"Сервер {self._address} не пустил пользователя {self._login.user}. Ничего не потеряно; проверьте "
            "target.user и файл, названный в target.key_file или target.password_file.",
            f"The server {self._address} does not let the user {self._login.user} in. Nothing is lost; check "
            "target.user and the file named by target.key_file or target.password_file.",
            code="wrong_login",
        )

    def _other_key(self, shown: str) -> Fatal:
        known = ", ".join(key.get_fingerprint() for key in self._expected())
        where = "target.host_key" if self._login.host_key else str(self._login.known_hosts)
        return Fatal(
            f"Сервер {self._address} показал не тот ключ: {shown}, а известен {known}. Возможно, это чужой сервер: ему "
            f"ничего не отправлено. Спросите администратора; если ключ заменили, исправьте {where}.",
            f"The server {self._address} showed another key than the known one: {shown} instead of {known}. It may be "
            f"somebody else's server: nothing was sent to it. Ask its administrator; if the key was changed, mend "
            f"{where}.",
            code="other_host_key",
        )

    def _no_common(self, reason: str) -> Fatal:
        return Fatal(
            f"Сервер {self._address} не знает ни одного из способов шифрования, которым можно доверять ({reason}). "
            "Попросите администратора обновить его.",
            f"The server {self._address} knows none of the ciphers that can be trusted ({reason}). Ask its "
            "administrator to update it.",
            code="no_common_cipher",
        )

    def _no_sftp(self, error: Exception) -> Fatal:
        return Fatal(
            f"Сервер {self._address} пустил, но передачу файлов (SFTP) не даёт ({error}). Обратитесь к его "
            "администратору.",
            f"The server {self._address} let us in but offers no file transfer (SFTP) ({error}). Ask its "
            "administrator.",
            code="misdirected",
        )


def _kinds(expected: list[asyncssh.SSHKey]) -> list[str]:
    """Those of the expected keys first; the others too: so another key is shown, and told apart from a bad line."""
    known = {kind for key in expected for kind in key.sig_algorithms}
    return sorted(_HOST_KEYS, key=lambda kind: kind.encode() not in known)


async def _awaited(work: Awaitable[_T]) -> _T:
    return await work


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()
