"""What a hostile web site or program on the same computer may try; on bare sockets, as no browser would."""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping, Sequence

PATIENCE_S = 30.0


class Attacker:
    """Speaks to the page at `port`; `cookie`: of a session, should one have been stolen."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self.cookie = port, cookie
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"

    def open(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(
        self, method: str, path: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> tuple[int, str]:
        """One request; status and everything else that came. A header None is left out."""
        with self.open() as connection:
            connection.sendall(self.request(method, path, headers, body))
            return answer(connection)

    def request(
        self, method: str, path: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> bytes:
        told: dict[str, str | None] = {"Host": self.host, "Origin": self.origin, "Cookie": self.cookie or None}
        told |= {"Content-Length": str(len(body)) if body else None, "Connection": "close", **(headers or {})}
        lines = [f"{name}: {value}" for name, value in told.items() if value is not None]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body

    def upgrade(self, headers: Mapping[str, str | None] | None = None) -> tuple[int, str]:
        """A WebSocket's handshake."""
        with self.open() as connection:
            connection.sendall(self.handshake(headers))
            return answer(connection, until_end=False)

    def handshake(self, headers: Mapping[str, str | None] | None = None) -> bytes:
        key = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
        return self.request("GET", "/live", {**key, **(headers or {})})

    @contextlib.contextmanager
    def crowd(self, count: int, first: bytes = b"") -> Iterator[Sequence[socket.socket]]:
        """So many connections that say `first` and nothing more."""
        opened: list[socket.socket] = []
        try:
            for _ in range(count):
                with contextlib.suppress(OSError):
                    connection = self.open()
                    opened.append(connection)
                    connection.sendall(first)
            yield opened
        finally:
            for connection in opened:
                connection.close()


def answer(connection: socket.socket, *, until_end: bool = True) -> tuple[int, str]:
    """Status and text; 0 when the connection was cut off without one."""
    told = b""
    with contextlib.suppress(ConnectionError):
        while (until_end or b"\r\n\r\n" not in told) and (piece := connection.recv(65536)):
            told += piece
    text = told.decode(errors="replace")
    return (int(text.split()[1]) if text else 0), text


def seconds_until_cut(connection: socket.socket) -> float:
    """How long the other end lets it live."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return time.monotonic() - began
