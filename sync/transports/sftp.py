"""A folder of an SSH server as a target, over SFTP. Built by `building`.

sftp://host/folder is the folder /folder there; sftp://host/~/folder one below where the login leads. It must be there.
What was sent is synced where the server can do that (fsync@openssh.com), and read back through the server, which may
give it from its memory: nothing in SFTP can ask for the disk.
"""

import errno
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import unquote, urlsplit

from exam import durable, oswords
from exam.errors import ExamError, Fatal, Rejected, Transient
from sync import naming
from sync.source import Source
from sync.transports import Moved
from sync.transports.shelf import unlawful
from sync.transports.ssh import Login, Session

if TYPE_CHECKING:
    from asyncssh import SFTPClientFile

_BLOCK = 128 * 1024
_UNDER_WAY = 16
"""Blocks not yet answered: as much as a line of 160 Mbit/s and 0.1 s holds."""
_LARGE = 16 * 1024 * 1024
"""From this size on (bytes) it is asked whether there is room, before a file is begun."""

_T = TypeVar("_T")


class Sftp:
    """Shelf over the folder that `url` names."""

    appends = True

    def __init__(self, url: str, login: Login | Callable[[], Login]) -> None:
        parts = urlsplit(url)
        self._url, self._base = url, _base(unquote(parts.path))
        self._session = Session(url, parts.hostname or "", parts.port, login)

    def size(self, name: str) -> int | None:
        with self._refusals(name):
            return self._size(name)

    def write(self, name: str, source: Source, offset: int, moved: Moved) -> None:
        with self._refusals(name):
            if source.size - offset >= _LARGE:
                self._check_room(source.size - offset)
            with self._opened(name, "r+" if offset else "w") as file:
                self._send(file, source, offset, moved)
                try:
                    self._session.do(file.fsync())
                except OSError as error:
                    if error.errno != errno.EOPNOTSUPP:
                        raise

    def read(self, name: str, offset: int) -> Iterator[bytes]:
        with self._refusals(name):
            try:
                with self._opened(name, "r") as file:
                    yield from self._receive(file, offset)
            except FileNotFoundError:
                return
            except PermissionError:
                if naming.is_part(name):
                    raise self._unreadable() from None

    def publish(self, part: str, name: str) -> bool:
        with self._refusals(name):
            if self._size(name) is not None:  # a server should refuse, but not all do
                return False
            try:
                self._session.do(self._session.sftp.rename(self._at(part), self._at(name)))
            except OSError:
                if self._size(name) is None:
                    raise
                return False
            return True

    def remove(self, name: str) -> None:
        with self._refusals(name), suppress(FileNotFoundError):
            self._session.do(self._session.sftp.remove(self._at(name)))

    def close(self) -> None:
        self._session.close()

    def _at(self, name: str | PurePosixPath) -> bytes:
        return str(self._base / name).encode()

    def _size(self, name: str) -> int | None:
        try:
            return self._session.do(self._session.sftp.stat(self._at(name))).size or 0
        except FileNotFoundError:
            return None

    def _send(self, file: "SFTPClientFile", source: Source, offset: int, moved: Moved) -> None:
        begun = (
            self._session.begin(file.write(bytes(block), at))
            for at, block in _placed(source.blocks(offset, source.size, _BLOCK), offset)
        )
        try:
            for length in self._in_order(begun):
                offset += length
                moved(offset)
        except OSError:
            # What was written behind a refused block would look, by its size, as if all before it were there.
            with suppress(OSError):
                self._session.do(file.truncate(offset))
            raise

    def _receive(self, file: "SFTPClientFile", offset: int) -> Iterator[bytes]:
        size = self._session.do(file.stat()).size or 0
        begun = (
            self._session.begin(cast("Awaitable[bytes]", file.read(_BLOCK, at))) for at in range(offset, size, _BLOCK)
        )
        for block in self._in_order(begun):
            yield block
            if len(block) < _BLOCK:
                return

    def _in_order(self, begun: Iterable["Future[_T]"]) -> Iterator[_T]:
        """The results, while so many requests are under way that the line is never idle."""
        under_way: deque[Future[_T]] = deque()
        try:
            for one in begun:
                under_way.append(one)
                if len(under_way) == _UNDER_WAY:
                    yield self._session.finish(under_way.popleft())
            while under_way:
                yield self._session.finish(under_way.popleft())
        except OSError:
            for one in under_way:
                with suppress(OSError):
                    self._session.finish(one)
            raise

    @contextmanager
    def _opened(self, name: str, mode: str) -> Iterator["SFTPClientFile"]:
        sftp = self._session.sftp
        try:
            file = self._session.do(sftp.open(self._at(name), mode, encoding=None))
        except FileNotFoundError:
            if mode != "w":
                raise
            self._make(PurePosixPath(name).parent)
            file = self._session.do(sftp.open(self._at(name), mode, encoding=None))
        try:
            yield file
        except BaseException:
            with suppress(OSError, ExamError):
                self._session.do(file.close())
            raise
        self._session.do(file.close())

    def _make(self, folder: PurePosixPath) -> None:
        """The folders below the target's own, which is not made."""
        sftp = self._session.sftp
        for place in reversed([folder, *folder.parents][:-1]):
            try:
                self._session.do(sftp.mkdir(self._at(place)))
            except FileNotFoundError:
                raise self._no_folder() from None
            except PermissionError:
                raise self._forbidden() from None
            except OSError:
                if not self._session.do(sftp.isdir(self._at(place))):
                    raise

    def _check_room(self, size: int) -> None:
        """Before a file is begun that would only fill what smaller ones still find room in."""
        space = self._session.space(str(self._base).encode())
        if space is not None and space.free_bytes < size:
            raise self._full()

    @contextmanager
    def _refusals(self, name: str) -> Iterator[None]:
        """Whatever the server refuses within is told as what it means."""
        try:
            yield
        except OSError as error:
            raise self._meaning(name, error) from error

    def _meaning(self, name: str, error: OSError) -> ExamError:
        if error.errno == errno.EINVAL:
            return unlawful(name, "имя слишком длинное или в нём есть недопустимый знак", "it is too long, or holds a "
                            "sign that is not allowed")  # fmt: skip
        if error.errno == errno.EACCES:
            return self._denied(name)
        space = self._session.space(str(self._base).encode())
        if error.errno in durable.NO_SPACE or (space is not None and space.free_bytes < _BLOCK):
            return self._full()
        if error.errno == errno.EROFS or (space is not None and space.read_only):
            return self._failed("только для чтения", "read-only")
        return self._failed(
            f"отказ без объяснения ({oswords.ru(error)}); часто это место или квота",
            f"refused without a reason ({error.strerror}); often space or a quota",
        )

    def _full(self) -> Transient:
        return Transient(
            f"На сервере {self._url} кончилось место; записи целы. Попросите администратора освободить его, отправка "
            "продолжится сама.",
            f"No space is left on the server {self._url}; the recordings are safe. Ask its administrator to free some, "
            "sending will go on by itself.",
            code="target_full",
        )

    def _failed(self, ru: str, en: str) -> Transient:
        return Transient(
            f"Сервер {self._url} сейчас не может принять файл: {ru}. Записи целы, отправка повторится сама.",
            f"The server {self._url} cannot take the file now: {en}. The recordings are safe, sending will be tried "
            "again.",
            code="server_failed",
        )

    def _no_folder(self) -> Transient:
        return Transient(
            f"На сервере нет папки, названной в target.url: {self._url}. Записи целы; проверьте адрес или попросите "
            "администратора подключить её, отправка продолжится сама.",
            f"The server has no folder as target.url names it: {self._url}. The recordings are safe; check the address "
            "or ask the administrator to bring it back, sending will go on by itself.",
            code="no_folder",
        )

    def _forbidden(self) -> Fatal:
        return Fatal(
            f"В папку {self._url} нельзя писать: нет прав. Записи целы; попросите администратора разрешить запись.",
            f"{self._url} may not be written to. The recordings are safe; ask the administrator for the right to "
            "write.",
            code="forbidden",
        )

    def _unreadable(self) -> Fatal:
        return Fatal(
            f"Сервер {self._url} не даёт прочитать отправленное, и доставку нечем доказать. Попросите администратора "
            "разрешить и чтение.",
            f"The server {self._url} does not let us read what was sent, and nothing else proves delivery. Ask its "
            "administrator for the right to read, too.",
            code="unreadable",
        )

    def _denied(self, name: str) -> Rejected:
        return Rejected(
            f"Сервер {self._url} не разрешает писать «{name}». Файл здесь цел; попросите администратора "
            "проверить права.",
            f"The server {self._url} does not allow “{name}” to be written. The file here is safe; ask the "
            "administrator to check the rights.",
            code="forbidden",
        )


def _base(path: str) -> PurePosixPath:
    """`/~` is where the login leads, as other programs read such addresses; so is no path at all."""
    if path.startswith("/~"):
        return PurePosixPath(path[2:].lstrip("/") or ".")
    return PurePosixPath(path or ".")


def _placed(blocks: Iterable[memoryview], offset: int) -> Iterator[tuple[int, memoryview]]:
    for block in blocks:
        yield offset, block
        offset += len(block)
