"""An answer that comes a byte at a time holds nobody for ever; a long one that comes steadily is never cut off."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from exam.errors import Transient
from sync.transports import answers, web
from sync.transports.web import Web

WITHIN_S = 0.4
PIECE = 2_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(begin: bytes, more: Callable[[], bytes], every_s: float = 0.05) -> Iterator[str]:
    """A server that answers `begin`, and then some `more` without end, until nobody listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection = listener.accept()[0]
            with connection:
                connection.recv(65536)
                connection.sendall(begin)
                while not over.wait(every_s):
                    connection.sendall(more())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        listener.close()
        thread.join(10)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "WITHIN_S", WITHIN_S)
    monkeypatch.setattr(answers, "LEAST_BYTES", PIECE)


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * PIECE),
        (HEAD, b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
    ],
    ids=["in a header", "headers", "continue", "body", "chunks"],
)
def test_a_drip_is_cut_off(begin: bytes, drip: bytes) -> None:
    with answering(begin, lambda: drip, 0.01) as url, pytest.raises(Transient) as refused:
        Web(url, None).ask("GET", url)
    assert refused.value.code == "unreachable"


def test_a_drip_is_cut_off_where_a_file_is_read_back() -> None:
    with answering(HEAD + b"x" * 5 * PIECE, lambda: b"x") as url, pytest.raises(Transient):
        read_all(url)


def read_all(url: str) -> int:
    with Web(url, None).reading(url) as answer:
        return sum(len(block) for block in answer.iter_content(PIECE))


def test_an_answer_as_long_as_many_limits_is_read_whole() -> None:
    pieces = 40
    head = HEAD.replace(b"1000000", str(pieces * PIECE).encode())
    with answering(head, lambda: b"x" * PIECE) as url:
        assert read_all(url) == pieces * PIECE


def test_who_is_notified_cannot_hold_the_agent_either() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nX-Long: ", lambda: b"x") as url:
        assert web.post(url, b"{}") is False


def test_a_proxy_drips_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 200 Connection established\r\nX-Long: ", lambda: b"x") as url:
        monkeypatch.setenv("https_proxy", url)
        with pytest.raises(Transient):
            Web("https://far.example/", None).ask("GET", "https://far.example/")
