"""What is asked of the page by those who may not, or in a way it does not take: refused, in words, nothing done."""

import json
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
import requests
from rig.hostile import Attacker, answer, seconds_until_cut
from rig.visitor import Visitor, await_message, invitation, visitor
from showing.school import BIN, School
from websockets.exceptions import ConnectionClosed

PATHS = ("/api/room", "/api/waveform/x", "/audio/x.wav", "/nowhere", "/static", "/STATIC/x")


@pytest.fixture
def stranger(page: Visitor) -> Attacker:
    return Attacker(int(page.url.rpartition(":")[2]))


@pytest.fixture
def thief(page: Visitor) -> Attacker:
    """Has a session's cookie and still is not the page."""
    return Attacker(int(page.url.rpartition(":")[2]), page.headers["Cookie"])


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_without_a_session(stranger: Attacker, path: str) -> None:
    code, text = stranger.ask("GET", path)
    assert code == 401
    assert "station page" in text
    assert "701020" not in text


def test_a_session_is_not_guessed(stranger: Attacker, page: Visitor) -> None:
    name = next(iter(page.http.cookies)).name
    for guess in ("", "x", "../..", "a" * 4000):
        assert stranger.ask("GET", "/api/room", {"Cookie": f"{name}={guess}"})[0] == 401


HOSTS = ("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "", None)


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused_even_with_a_session(thief: Attacker, host: str | None) -> None:
    """DNS rebinding: the attacker's own name leads to us, and the browser sends it as Host."""
    told = host.format(port=thief.port) if host is not None else None
    assert thief.ask("GET", "/api/room", {"Host": told})[0] in {400, 421}
    assert thief.upgrade({"Host": told})[0] in {400, 403, 421}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://{host}", "http://localhost:1", None])
def test_another_origin_may_not_command_even_with_a_session(thief: Attacker, origin: str | None) -> None:
    told = origin.format(host=thief.host) if origin is not None else None
    body = b'{"command": "choose", "args": {"participant": 1}}'
    code, text = thief.ask("POST", "/api/command", {"Origin": told, "Content-Type": "text/plain"}, body)
    assert (code, "foreign_origin" in text) == (403, True)
    assert thief.upgrade({"Origin": told})[0] == 403


def test_a_socket_without_a_session_is_refused(stranger: Attacker, thief: Attacker) -> None:
    assert stranger.upgrade()[0] == 403
    assert thief.upgrade()[0] == 101


def test_entering_takes_a_token_that_was_not_used(deaf_room: School, page: Visitor) -> None:
    told, connection = invitation(deaf_room.folder / "run" / "control.page")
    with connection:
        for token in ("", "x", told["token"][:-1], told["token"] + "x"):
            assert _enter(page, token, "null") == 403
        assert _enter(page, told["token"], "http://evil.example") == 403
        assert _enter(page, told["token"], None) == 403
        assert _enter(page, told["token"], "null") == 303
        assert _enter(page, told["token"], "null") == 403
        with connection.makefile() as lines:
            assert json.loads(lines.readline()) == {"entered": True}


def test_a_token_ends_with_whoever_asked_for_it(deaf_room: School, page: Visitor) -> None:
    told, connection = invitation(deaf_room.folder / "run" / "control.page")
    connection.close()
    again, waiting = invitation(deaf_room.folder / "run" / "control.page")  # served after the one that left
    with waiting:
        assert _enter(page, told["token"], "null") == 403
        assert _enter(page, again["token"], "null") == 303


def _enter(page: Visitor, token: str, origin: str | None) -> int:
    headers = {"Origin": origin} if origin is not None else {}
    answer = requests.post(page.url + "/enter", {"token": token}, headers=headers, allow_redirects=False, timeout=20)
    if answer.status_code == 303:
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
    return answer.status_code


def test_who_may_not_command_the_station_gets_no_token(deaf_room: School, page: Visitor) -> None:
    assert page.url
    for name in ("control.page", "control.sock"):
        assert stat.S_IMODE((deaf_room.folder / "run" / name).stat().st_mode) == 0o660
    assert stat.S_IMODE((deaf_room.folder / "run" / "control.sessions").stat().st_mode) == 0o600


TRAVERSALS = (
    "/static/../facts.py", "/static/..%2ffacts.py", "/static/%2e%2e/facts.py", "/static/%2e%2e%2ffacts.py",
    "/static/....//facts.py", "/static//etc/passwd", "/static/%00", "/audio/..%2f..%2froster.csv.wav",
    "/audio/%2e%2e/%2e%2e/station.toml.wav", "/audio/..%5c..%5croster.wav", "/audio/%2fetc%2fpasswd.wav",
    "/audio/journal.jsonl.wav", "/audio/%00.wav", "/audio/.wav", "/api/waveform/..%2f..%2froster.csv",
    "/api/waveform/%2e%2e", "/audio/" + "a" * 5000 + ".wav",
)  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out(thief: Attacker, path: str) -> None:
    code, text = thief.ask("GET", path)
    assert code in {400, 404, 503}
    for secret in ("Иванов", "[school]", "root:", "def "):
        assert secret not in text


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Length": "70000"}, b"x" * 70000, 413),
        ({"Content-Length": "9000000000"}, b"x", 413),
        ({"Transfer-Encoding": "chunked"}, b"10000\r\n" + b"x" * 65536 + b"\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n", 413),
        ({"Content-Length": "-1"}, b"", 400),
        ({"Content-Length": "1, 2"}, b"x", 400),
        ({"Content-Length": "2", "Transfer-Encoding": "chunked"}, b"0\r\n\r\n", 400),
        ({}, b"{", 400),
        ({}, b'{"command": "choose", "more": 1}', 400),
        ({}, b'{"command": "clock", "args": {}}', 400),
        ({}, b'{"command": "nothing"}', 400),
        ({}, b'{"command": "choose", "args": {}, "id": "../../x"}', 400),
        ({}, b'{"command": "choose", "args": {"participant": 1, "more": 1}}', 409),
        ({}, b'{"command": "choose", "args": {"participant": "DROP"}}', 409),
        ({}, b"[" * 60000, 400),
        ({"X": "y" * 20000}, b"{}", 400),
    ],
)
def test_bodies_that_are_too_much_or_make_no_sense(
    thief: Attacker, headers: dict[str, str], body: bytes, code: int
) -> None:
    assert thief.ask("POST", "/api/command", headers, body)[0] == code


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "BREW"])
def test_other_methods_do_nothing(thief: Attacker, method: str) -> None:
    assert thief.ask(method, "/api/command")[0] in {400, 404, 405}


def test_the_pin_stands_before_closing_and_nothing_else(page: Visitor) -> None:
    close = {"command": "close"}
    codes = [page.post("/api/command", close, **({"X-Pin": pin} if pin else {})) for pin in ("", "1", "2", "3", "4711")]
    told = [answer.json()["error"]["code"] for answer in codes]
    assert told == ["pin_needed", "pin_wrong", "pin_wrong", "pin_wrong", "pin_wait"]
    assert codes[-1].headers["Retry-After"] == "1"
    assert page.order("choose", participant=None)["chosen"] is None
    assert page.get("/api/room").json()["pin"] is True


def test_the_answer_to_everything_tells_browsers_to_be_strict(page: Visitor, stranger: Attacker) -> None:
    for told in (page.get("/api/room"), page.get("/nowhere"), requests.get(page.url + "/api/room", timeout=20)):
        policy = told.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert told.headers["X-Content-Type-Options"] == "nosniff"
        assert told.headers["Cache-Control"] == "no-store"
        assert not {"server", "access-control-allow-origin"} & {name.lower() for name in told.headers}
    assert "no_session" in stranger.ask("GET", "/api/room")[1]


def test_an_unknown_language_is_refused_in_both(page: Visitor) -> None:
    answer = page.get("/?lang=fr")
    assert answer.status_code == 400
    assert "?lang=ru" in answer.json()["error"]["ru"]
    assert "?lang=en" in answer.json()["error"]["en"]


def test_a_request_that_never_ends_is_cut_off(stranger: Attacker, page: Visitor) -> None:
    with stranger.open() as silent, stranger.open() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert seconds_until_cut(silent) < 9
        assert seconds_until_cut(slow) < 9
    assert page.get("/api/room").status_code == 200


def test_many_sockets_displace_each_other_and_not_the_page(stranger: Attacker, page: Visitor) -> None:
    began = time.monotonic()
    with page.live() as live, stranger.crowd(200, b"GET / HTTP/1.1\r\n") as crowd:
        assert await_message(live, lambda told: "status" in told, 5)
        assert page.get("/api/room").status_code == 200
        page.order("choose", participant=2)
        told = await_message(live, lambda told: bool((told.get("status") or {}).get("chosen")), 5)
        assert told["status"]["chosen"]["participant"] == 2
        for connection in crowd[:100]:
            seconds_until_cut(connection)
        assert time.monotonic() - began < 4.5, "they were displaced, not cut off for their silence"


@pytest.mark.parametrize(
    ("said", "times", "code"), [('{"visible": false}', 300, "1013"), ('{"visible": 1, "exec": "x"}', 1, "1003")]
)
def test_a_page_that_talks_too_much_or_nonsense_is_closed(page: Visitor, said: str, times: int, code: str) -> None:
    with pytest.raises(ConnectionClosed, match=code):
        tell(page, said, times)


def tell(page: Visitor, said: str, times: int) -> None:
    """Say it so often, then listen for ever."""
    with page.live() as live:
        for _ in range(times):
            live.send(said)
        await_message(live, lambda told: "never" in told, 5)


@pytest.mark.slow
def test_who_reads_nothing_is_cut_off(page: Visitor, thief: Attacker) -> None:
    """Half a minute after what was sent does not fit any more."""
    before = _connections(thief.port)
    with thief.crowd(1, thief.handshake()) as (deaf,):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert answer(deaf, until_end=False)[0] == 101
        for turn in range(4000):
            page.order("choose", participant=1 + turn % 2)
        deadline = time.monotonic() + 60
        while _connections(thief.port) > before:
            page.order("choose", participant=None)
            assert time.monotonic() < deadline
            time.sleep(0.5)


def _connections(port: int) -> int:
    """Of the page's, as the kernel counts them."""
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return sum(f":{port:04X} " in line.split(maxsplit=2)[1] + " " and line.split()[3] == "01" for line in lines)


def test_more_pages_than_anyone_opens_are_refused(page: Visitor, thief: Attacker) -> None:
    with thief.crowd(16, thief.handshake()):
        assert thief.upgrade()[0] == 403
    assert page.get("/api/room").status_code == 200


def test_the_token_is_in_no_argument_and_in_a_file_of_this_user_alone(deaf_room: School) -> None:
    environment = {**deaf_room.environment, "XDG_RUNTIME_DIR": str(deaf_room.folder), "PATH": "/usr/bin:/bin"}
    command = [BIN / "station", "page", "--print", "--technician"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as opening:
        assert opening.stdout is not None
        path = deaf_room.folder / opening.stdout.readline().strip().rpartition("/")[2]
        text = path.read_text()
        token = text.partition('name="token" value="')[2].partition('"')[0]
        assert len(token) > 40
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token.encode() not in (BIN / f"/proc/{opening.pid}/cmdline").read_bytes()
        url = text.partition('action="')[2].partition('"')[0]
        form = {"token": token, "page": "technician"}
        entered = requests.post(url, form, headers={"Origin": "null"}, allow_redirects=False, timeout=20)
        assert entered.headers["location"] == "/technician"
        assert opening.wait(20) == 0
    assert not path.exists()
    assert visitor(deaf_room.folder / "run" / "control.page").get("/api/room").status_code == 200
