"""Who may not see the headquarters' page, and what it does not take: refused, in words, nothing done."""

import stat
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from desks import Served, served
from forty import School, sync_toml
from rig.hostile import Attacker, seconds_until_cut
from rig.schoolday import at
from rig.visitor import Visitor, invitation

from exam.errors import Rejected
from sync import config as configuration
from sync.office.wiring import desk_for
from sync.school.decisions import Headquarters

LOOKS = ("/api/office", "/api/day", "/api/rooms", "/api/due", "/api/report.csv", "/nowhere")
ACTS = ("release", "outcome", "choose", "settle", "papers", "tick")


@pytest.fixture(scope="module")
def office_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("refuses")
    target = f'kind = "folder"\nfolder = "{folder / "far"}"'
    desk = desk_for(configuration.load(sync_toml(folder / "hq", School(folder / "school"), target=target)))
    desk.change(replace(desk.sources, now=lambda: at(16)))
    with served(desk, folder / "run") as made:
        yield made


@pytest.fixture(scope="module")
def page(office_page: Served) -> Visitor:
    return office_page.visitor()


@pytest.fixture
def stranger(office_page: Served) -> Attacker:
    return Attacker(office_page.port)


@pytest.fixture
def thief(office_page: Served, page: Visitor) -> Attacker:
    """Has a session's cookie and still is not the page."""
    return Attacker(office_page.port, page.headers["Cookie"])


def decisions(office_page: Served) -> int:
    """How many there are by now."""
    state = office_page.entrance.parents[1] / "hq" / "state"
    return (
        len((state / "headquarters.jsonl").read_bytes().splitlines()) if (state / "headquarters.jsonl").exists() else 0
    )


@pytest.mark.parametrize("path", LOOKS)
def test_nothing_is_told_without_a_session(stranger: Attacker, path: str) -> None:
    code, text = stranger.ask("GET", path)
    assert (code, "station-sync office" in text) == (401, True)
    assert "Иванов" not in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", None])
def test_another_host_is_refused_even_with_a_session(thief: Attacker, host: str | None) -> None:
    told = host.format(port=thief.port) if host is not None else None
    assert thief.ask("GET", "/api/day", {"Host": told})[0] in {400, 421}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://{host}", "http://localhost:1", None])
@pytest.mark.parametrize("act", ACTS)
def test_another_origin_may_not_act_even_with_a_session(
    thief: Attacker, office_page: Served, origin: str | None, act: str
) -> None:
    before, told = decisions(office_page), origin.format(host=thief.host) if origin is not None else None
    body = b'{"participant": 1, "outcome": "absent", "by": "x"}'
    code, text = thief.ask("POST", f"/api/{act}", {"Origin": told, "Content-Type": "text/plain"}, body)
    assert (code, "foreign_origin" in text) == (403, True)
    assert decisions(office_page) == before


def test_a_launch_token_lets_in_once_and_the_socket_is_this_users(office_page: Served, page: Visitor) -> None:
    told, connection = invitation(office_page.entrance)
    form = {"token": told["token"]}
    with connection:
        answers = [
            requests.post(page.url + "/enter", each, headers={"Origin": "null"}, allow_redirects=False, timeout=20)
            for each in ({}, {"token": "x"}, form, form)
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 303, 403]
    cookie = answers[2].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert stat.S_IMODE(office_page.entrance.stat().st_mode) == 0o660
    assert stat.S_IMODE(office_page.entrance.with_suffix(".sessions").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("path", "headers", "body", "code"),
    [
        ("/api/outcome", {"Content-Length": "70000"}, b"x" * 70000, 413),
        ("/api/outcome", {}, b"{", 400),
        ("/api/outcome", {}, b"[" * 60000, 400),
        ("/api/outcome", {}, b'{"participant": 0, "outcome": "absent", "by": "x"}', 400),
        ("/api/outcome", {}, b'{"participant": 1, "outcome": "hanged", "by": "x"}', 400),
        ("/api/outcome", {}, b'{"participant": 1, "outcome": "absent", "by": "x", "more": 1}', 400),
        ("/api/outcome", {}, b'{"participant": 1, "outcome": "absent", "by": " "}', 409),
        ("/api/outcome", {}, b'{"participant": 999, "outcome": "absent", "by": "x"}', 409),
        ("/api/outcome", {}, b'{"participant": 1, "outcome": "removed", "at": "25:00:00", "by": "x"}', 400),
        ("/api/outcome", {}, b'{"participant": 1, "outcome": "absent", "by": "a\\nb"}', 409),
        ("/api/choose", {}, b'{"participant": 1, "stem": "../../x", "by": "x", "reason": "x"}', 409),
        ("/api/settle", {}, b'{"room": "999", "by": "x", "reason": "x"}', 409),
        ("/api/settle", {}, b'{"room": "201", "by": "x", "reason": " "}', 409),
        ("/api/papers", {}, b'{"by": "x", "to": ""}', 409),
        ("/api/tick", {}, b'{"step": "../x", "done": true}', 409),
        ("/api/release", {}, b'{"by": ""}', 409),
        ("/api/release", {}, b'{"by": "x"}', 409),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_kept(
    thief: Attacker, office_page: Served, *, path: str, headers: dict[str, str], body: bytes, code: int
) -> None:
    before = decisions(office_page)
    assert thief.ask("POST", path, headers, body)[0] == code
    assert decisions(office_page) == before


@pytest.mark.parametrize(
    "path", ["/static/../desk.py", "/static/%2e%2e%2fdesk.py", "/api/report.exe", "/static//etc/passwd"]
)
def test_no_path_leads_out(thief: Attacker, path: str) -> None:
    code, text = thief.ask("GET", path)
    assert code in {400, 404}
    assert "def " not in text
    assert "root:" not in text


def test_browsers_are_told_to_be_strict(page: Visitor) -> None:
    for path in ("/", "/api/day", "/static/common/dom.js", "/nowhere"):
        told = page.get(path).headers
        assert "default-src 'none'" in told["Content-Security-Policy"]
        assert "unsafe" not in told["Content-Security-Policy"]
        assert told["X-Content-Type-Options"] == "nosniff"
        assert "access-control-allow-origin" not in {name.lower() for name in told}


def test_what_the_disk_or_the_roster_refuses_is_told_in_words(office_page: Served, page: Visitor) -> None:
    sources = office_page.desk.sources

    def broken() -> None:
        raise Rejected("Список испорчен, строка 7.", "The roster is broken, line 7.", code="bad_roster")

    def failing() -> None:
        raise OSError(5, "Input/output error")

    for read, code, text in ((broken, 409, "строка 7"), (failing, 503, "Диск")):
        office_page.desk.change(replace(sources, day=read))  # type: ignore[arg-type]
        answer = page.get("/api/day")
        assert (answer.status_code, text in answer.json()["error"]["ru"]) == (code, True)
    office_page.desk.change(sources)
    assert page.get("/api/day").status_code == 200


def test_a_decision_is_kept_as_it_was_told(office_page: Served, page: Visitor) -> None:
    told = {"participant": 2, "outcome": "early_end", "at": "10:15:00", "note": "врач", "by": "Сидорова М. П."}
    assert page.post("/api/outcome", told).status_code == 200
    said = Headquarters(office_page.entrance.parents[1] / "hq" / "state").of(at(9).date()).outcomes[2]
    assert said is not None
    assert (said.outcome, said.at, said.note, said.by) == ("early_end", "10:15:00", "врач", "Сидорова М. П.")
    assert page.post("/api/outcome", {**told, "outcome": None}).status_code == 200
    assert Headquarters(office_page.entrance.parents[1] / "hq" / "state").of(at(9).date()).outcomes[2] is None


@pytest.mark.slow
def test_who_dallies_is_cut_off(stranger: Attacker, page: Visitor) -> None:
    with stranger.open() as silent:
        silent.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert seconds_until_cut(silent) < 9
    with stranger.crowd(200, b"GET / HTTP/1.1\r\n"):
        assert page.get("/api/office").status_code == 200
