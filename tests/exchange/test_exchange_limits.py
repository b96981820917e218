"""Connections that dally, flood or say too much: each ends in its time, and the schools hear nothing of it."""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from exchange_peers import DEADLINE_S, Client, Served, noise, sha256, until

from sync.exchange.accounts import add_school
from sync.exchange.connections import HEAD_S, PER_SCHOOL, Connections

MIB = 1024 * 1024
SHORT_S = 1.0
STALLED = 300
MEMORY_MIB = 200
"""300 stalled connections would hold 300 MiB, did each gather a block of its own."""


def connected(served: Served) -> socket.socket:
    where = urlsplit(served.url)
    return socket.create_connection((where.hostname, where.port), DEADLINE_S)


@pytest.fixture
def impatient(folder: Path, token: str) -> Iterator[Client]:
    """A school of an exchange that waits a second for a head."""
    served = Served(folder)
    served.first = f"from sync.exchange import connections; connections.HEAD_S = {SHORT_S}"
    served.start()
    try:
        yield Client(served, token)
    finally:
        served.end()


def closed_after(connection: socket.socket, drip: bytes = b"") -> float:
    """Seconds until the other end closes, while `drip` is sent ten times a second."""
    began = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - began < DEADLINE_S:
        try:
            if drip:
                connection.sendall(drip)
            if not connection.recv(65536):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began


class TestSlowHeads:
    @pytest.mark.parametrize(
        ("said", "drip"),
        [
            (b"", b""),
            (b"", b"x"),
            (b"GET /key HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"x"),
            (b"GET /key HTTP/1.1\r\nHost: x\r\n\r\nGET /key HTTP/1.1\r\n", b"x"),
            (b"POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        ],
        ids=["silent", "dripping", "a header without end", "the second request", "a body nobody asked for"],
    )
    def test_they_are_closed_in_time(self, impatient: Client, said: bytes, drip: bytes) -> None:
        with connected(impatient.served) as slow:
            slow.sendall(said)
            assert closed_after(slow, drip) == pytest.approx(SHORT_S, abs=SHORT_S)
        assert impatient.upload(b"x", filename="x")

    def test_a_body_may_take_longer(self, impatient: Client) -> None:
        path = impatient.create(3, filename="x").headers["Location"]
        with impatient.begin_patch(path, {"Content-Length": "3"}, b"") as connection:
            for letter in (b"a", b"b", b"c"):
                time.sleep(SHORT_S / 2)  # longer in all than a head may take: the point of the test
                connection.sendall(letter)
            assert connection.recv(4096).startswith(b"HTTP/1.1 204")
        assert impatient.receipt(sha256(b"abc"))

    @pytest.mark.slow
    def test_as_delivered_it_takes_twenty_seconds(self, client: Client) -> None:
        with connected(client.served) as slow:
            assert closed_after(slow, b"x") == pytest.approx(HEAD_S, abs=2)


@pytest.mark.parametrize("name", [b"X-Long", b"Upload-Metadata"])
def test_a_head_too_long_is_refused(client: Client, name: bytes) -> None:
    with connected(client.served) as talkative:
        talkative.sendall(b"POST /files HTTP/1.1\r\nHost: x\r\n" + name + b": " + b"x" * 40_000)
        assert talkative.recv(4096).startswith(b"HTTP/1.1 400")
        assert closed_after(talkative) < HEAD_S
    assert not (client.served.folder / "incoming").exists()


def test_a_school_has_so_many_connections_and_another_its_own(client: Client) -> None:
    path = client.create(5, filename="x").headers["Location"]
    with ExitStack() as held:

        def asked() -> bytes:
            connection = held.enter_context(connected(client.served))
            lines = [f"{name}: {value}" for name, value in client.headers.items()]
            connection.sendall("\r\n".join([f"HEAD {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode())
            return connection.recv(4096)

        answers = [asked() for _ in range(PER_SCHOOL + 1)]
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers[:-1])
        assert answers[-1].startswith(b"HTTP/1.1 429")
        assert b"retry-after" in answers[-1].lower()
        other = Client(client.served, add_school(client.served.folder, "701021"))
        assert other.create(5, filename="x").status_code == 201
    assert client.offset(path) == 0


def test_a_flood_displaces_itself_and_not_an_upload(folder: Path, token: str) -> None:
    served = Served(folder)
    served.first = "from sync.exchange import serve; serve._MAX_CONNECTIONS = 20"
    served.start()
    client = Client(served, token)
    try:
        path = client.create(2, filename="x").headers["Location"]
        with ExitStack() as held, client.begin_patch(path, {"Content-Length": "2"}, b"a") as upload:
            until(lambda: client.patch(path, 1, b"").status_code == 423 or None, "the upload to be under way")
            for _ in range(100):
                held.enter_context(connected(served))
            upload.sendall(b"b")
            assert upload.recv(4096).startswith(b"HTTP/1.1 204")
            assert client.receipt(sha256(b"ab"))
    finally:
        served.end()


def test_a_kept_connection_is_answered_at_once(client: Client) -> None:
    """Without TCP_NODELAY the second half of each answer waits for the first one's receipt: 40 ms."""
    with requests.Session() as kept:
        seconds = [kept.get(client.served.url + "/key", timeout=DEADLINE_S).elapsed.total_seconds() for _ in range(30)]
    assert statistics.median(seconds) < 0.03


class Line:
    """A transport that knows whether it was cut."""

    cut = False

    def abort(self) -> None:
        self.cut = True


class TestWhoMustGo:
    def test_the_oldest_stranger_of_an_address_with_too_many(self) -> None:
        connections, lines = Connections(most=100, per_address=2), [Line() for _ in range(4)]
        for number, line in enumerate(lines[:3]):
            connections.opened(("203.0.113.1", number), line)  # type: ignore[arg-type]
            if number == 0:
                assert connections.known(("203.0.113.1", 0), "school")
        connections.opened(("203.0.113.2", 9), lines[3])  # type: ignore[arg-type]
        assert [line.cut for line in lines] == [False, True, False, False]
        assert len(connections) == 3

    def test_nobody_of_a_proxy_on_this_computer(self) -> None:
        connections, lines = Connections(most=100, per_address=2), [Line() for _ in range(9)]
        for number, line in enumerate(lines):
            connections.opened(("127.0.0.1", number), line)  # type: ignore[arg-type]
        assert not any(line.cut for line in lines)

    def test_the_newcomer_where_all_others_are_known(self) -> None:
        connections, lines = Connections(most=1), [Line(), Line()]
        connections.opened(("a", 1), lines[0])  # type: ignore[arg-type]
        connections.known(("a", 1), "school")
        connections.opened(("b", 2), lines[1])  # type: ignore[arg-type]
        assert [line.cut for line in lines] == [False, True]

    def test_what_closed_counts_no_more(self) -> None:
        connections = Connections(most=100, per_school=1)
        for number in range(3):
            connections.opened(("a", number), Line())  # type: ignore[arg-type]
            assert connections.known(("a", number), "school")
            assert connections.known(("a", number), "school"), "asked again, it is the same connection"
            assert not connections.known(("a", 9), "school")
            connections.closed(("a", number))
        assert not len(connections)


@pytest.mark.slow
def test_three_hundred_stalled_uploads_need_little_memory(client: Client) -> None:
    part = noise("part", MIB - 1)
    tokens = [add_school(client.served.folder, f"7020{number:02}") for number in range(STALLED // PER_SCHOOL + 1)]
    with ExitStack() as held:
        paths = []
        for number in range(STALLED):
            school = Client(client.served, tokens[number % len(tokens)])
            path = school.create(2 * MIB, filename="x").headers["Location"]
            held.enter_context(school.begin_patch(path, {"Content-Length": str(2 * MIB)}, part))
            paths.append((school, path))
        assert client.upload(b"x", filename="x"), "and it serves all the same"
        status = Path(f"/proc/{client.served.pid}/status").read_text(encoding="ascii")
        resident = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        print(f"\n{STALLED} stalled uploads: {resident:.0f} MiB at the most")  # noqa: T201 - a figure for a person
        assert resident < MEMORY_MIB
