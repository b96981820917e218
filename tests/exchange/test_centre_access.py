"""Who may look at the centre's pages: people who signed in, over a line nobody reads along, and nobody else."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from centre_peers import PASSWORD, WHO, Staged, Visitor, admit_operator
from exchange_peers import DEADLINE_S, Served
from rig.certificate import self_signed

from sync.exchange.accounts import add_school
from sync.exchange.centre.audit import Audit
from sync.exchange.centre.operators import Operators, made_up
from sync.exchange.centre.sessions import IDLE_S, LONGEST_S, Sessions, Tries
from sync.exchange.database import Database
from sync.exchange.yard import Yard

SCHOOL = "701020"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is to be refused there
PATHS = ("", "/", "/checks", "/matrix.csv", "/matrix.zip", f"/schools/{SCHOOL}", f"/schools/{SCHOOL}/2026-02-11",
         f"/schools/{SCHOOL}/2026-02-11/files", f"/schools/{SCHOOL}/2026-02-11/versions", "/nowhere")  # fmt: skip


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One with an operator; its log-ins are few, so that one test's guesses do not hinder another's."""
    folder = tmp_path_factory.mktemp("centre") / "exchange"
    staged = Staged(folder)
    staged.admit(SCHOOL)
    staged.receive(SCHOOL, "2026-02-11_201", "тайна.txt", b"secret")
    staged.database.close()
    for name in (WHO, "Гость", "Жертва"):
        admit_operator(folder, name)
    served = Served(folder)
    served.start()
    yield served
    served.end()


@pytest.fixture
def visitor(centre: Served) -> Visitor:
    return Visitor(centre)


def test_without_a_session_there_is_nothing_but_the_entrance(visitor: Visitor) -> None:
    for path in PATHS:
        answer = visitor.get(path, allow_redirects=False)
        where = answer.headers.get("location", "")
        assert answer.status_code in {303, 307}, path
        assert where.endswith(("/centre/login", "/centre/")), (path, where)
        assert "тайна" not in answer.text
    for path in ("/checks", "/checks/stop", "/logout"):
        assert visitor.post(path).status_code == 401
    assert visitor.get("/style.css").status_code == 200


def test_a_schools_token_opens_no_page_and_a_session_no_upload(centre: Served) -> None:
    token = add_school(centre.folder, SCHOOL, replace=True)
    visitor = Visitor(centre)
    headers = {"Authorization": f"Bearer {token}"}
    assert visitor.get(f"/schools/{SCHOOL}/2026-02-11", headers=headers, allow_redirects=False).status_code == 303
    assert visitor.enter().status_code == 303
    answer = visitor.http.post(
        f"{centre.url}/files", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1"}, timeout=9
    )
    assert answer.status_code == 401


def test_who_signs_in_gets_a_session_of_their_own(visitor: Visitor, centre: Served) -> None:
    visitor.http.cookies.set("centre_session", "planted", path="/centre")
    entered = visitor.enter()
    assert entered.status_code == 303
    told = entered.headers["set-cookie"]
    assert "planted" not in told
    assert all(word in told for word in ("HttpOnly", "SameSite=strict", "Path=/centre"))
    assert "Secure" not in told, "this is loopback without TLS"
    planted = Visitor(centre)
    planted.http.cookies.set("centre_session", "planted", path="/centre")
    assert planted.get(allow_redirects=False).status_code in {303, 307}
    assert planted.get().url.endswith("/login")
    visitor.http.cookies.clear()
    visitor.http.cookies.set("centre_session", told.split("=", 1)[1].split(";")[0], path="/centre")
    page = visitor.get(f"/schools/{SCHOOL}/2026-02-11/files")
    assert "тайна.txt" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_only_the_centres_own_page_may_do_something(visitor: Visitor, centre: Served) -> None:
    assert visitor.post("/login", {"name": WHO, "password": PASSWORD}, origin="https://evil.example").status_code == 403
    assert visitor.post("/login", {"name": WHO, "password": PASSWORD}, origin="null").status_code == 403
    assert visitor.post("/login", {"name": WHO, "password": PASSWORD}, origin="").status_code == 403
    assert visitor.enter().status_code == 303
    other = Visitor(centre)
    assert other.enter().status_code == 303
    assert visitor.post("/checks").status_code == 403
    assert visitor.post("/checks", {"csrf": "0"}).status_code == 403
    theirs = other.get("/checks").text.split('name="csrf" value="')[1].split('"')[0]
    assert visitor.post("/checks", {"csrf": theirs}).status_code == 403
    assert visitor.post("/logout", {"csrf": theirs}).status_code == 403
    assert visitor.press("/checks", "/logout").status_code == 303
    assert visitor.get("/checks").url.endswith("/login")
    assert other.get("/checks").status_code == 200


def test_guessing_becomes_slow_for_that_name_alone(visitor: Visitor, centre: Served) -> None:
    statuses = [visitor.enter("Жертва", f"guess number {number}").status_code for number in range(8)]
    assert statuses[:4] == [401] * 4
    assert statuses[-1] == 429
    refused = visitor.enter("Жертва", PASSWORD)
    assert refused.status_code == 429, "the right password is not looked at either"
    assert int(refused.headers["retry-after"]) >= 1
    assert Visitor(centre).enter().status_code == 303
    assert visitor.enter("Жертва' OR 1=1 --", PASSWORD).status_code == 401


@pytest.mark.slow
def test_what_is_no_form_is_refused(visitor: Visitor) -> None:
    assert visitor.post("/login", {"name": "x", "password": "y" * 10_000}).status_code == 413
    assert visitor.post("/login", {str(number): "1" for number in range(30)}).status_code == 400
    assert visitor.post("/login").status_code == 401


@pytest.mark.slow
def test_who_is_shut_out_is_out_at_once(visitor: Visitor, centre: Served) -> None:
    assert visitor.enter("Гость").status_code == 303
    assert visitor.get("/checks").status_code == 200
    database = Database(Yard(centre.folder).database)
    Operators(database).remove("Гость")
    database.close()
    assert visitor.get("/checks").url.endswith("/login")
    assert visitor.enter("Гость").status_code == 401


@pytest.mark.slow
def test_who_looked_at_what_is_written_down(visitor: Visitor, centre: Served) -> None:
    visitor.enter("не имя, а пароль", "oops")
    visitor.enter()
    visitor.get(f"/schools/{SCHOOL}/2026-02-11")
    visitor.get(f"/schools/{SCHOOL}/2026-02-11/matrix.csv")
    visitor.press("/checks", "/logout")
    lines = [(one.who, one.act, one.what) for one in Audit(centre.folder).read()]
    assert lines[-5:] == [
        ("?", "refused", ""),
        (WHO, "signed_in", ""),
        (WHO, "looked", f"{SCHOOL} 2026-02-11"),
        (WHO, "took", f"матрица_{SCHOOL}_2026-02-11.csv"),
        (WHO, "signed_out", ""),
    ]
    told = (centre.folder / "centre" / "audit.jsonl").read_text()
    assert PASSWORD not in told
    assert "не имя" not in told
    assert PASSWORD not in centre.log


@pytest.mark.slow
def test_without_an_operator_there_are_no_pages(tmp_path: Path) -> None:
    served = Served(tmp_path / "exchange")
    served.start()
    try:
        assert [Visitor(served).get(path).status_code for path in ("", "/login", "/style.css")] == [404] * 3
        admit_operator(tmp_path / "exchange")
        assert Visitor(served).get("/login").status_code == 200
    finally:
        served.end()


@pytest.mark.slow
def test_beyond_this_computer_only_over_tls(tmp_path: Path) -> None:
    staged = Staged(tmp_path / "exchange")
    staged.database.close()
    admit_operator(tmp_path / "exchange")
    address = _own_address()
    served = Served(tmp_path / "exchange", "--host", EVERYWHERE)
    served.start()
    port = served.url.rpartition(":")[2]
    try:
        assert requests.get(f"http://{address}:{port}/centre/login", timeout=DEADLINE_S).status_code == 403
        assert requests.get(f"http://127.0.0.1:{port}/centre/login", timeout=DEADLINE_S).status_code == 200
    finally:
        served.end()
    certificate, key = self_signed(tmp_path)
    served = Served(
        tmp_path / "exchange", "--host", EVERYWHERE, "--tls-cert", str(certificate), "--tls-key", str(key)
    )  # fmt: skip
    served.start()
    try:
        url = f"https://127.0.0.1:{served.url.rpartition(':')[2]}"
        visitor = Visitor(url)
        visitor.http.trust_env, visitor.http.verify = False, str(certificate)
        assert "Secure" in visitor.enter().headers["set-cookie"]
    finally:
        served.end()


def test_a_session_ends_by_itself() -> None:
    sessions = Sessions()
    cookie = sessions.begin(WHO, "mark", 0.0)
    assert sessions.find("another", 1.0) is None
    assert sessions.find(cookie, IDLE_S - 1) is not None
    assert sessions.find(cookie, 2 * IDLE_S) is None
    assert sessions.find(cookie, 2 * IDLE_S) is None
    cookie, now = sessions.begin(WHO, "mark", 0.0), 0.0
    while now < LONGEST_S:
        assert sessions.find(cookie, now) is not None
        now += IDLE_S / 2
    assert sessions.find(cookie, LONGEST_S + 1) is None


def test_the_oldest_of_very_many_sessions_ends() -> None:
    sessions = Sessions()
    cookies = [sessions.begin(WHO, "mark", float(number)) for number in range(300)]
    assert sessions.find(cookies[0], 300.0) is None
    assert sessions.find(cookies[-1], 300.0) is not None


def test_each_wrong_guess_doubles_the_wait_and_it_is_forgotten_in_the_end() -> None:
    tries, waits = Tries(), []
    now = 0.0
    for _ in range(16):
        tries.wrong(["name"], now)
        waits.append(tries.wait_s(["name"], now))
        now += waits[-1]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert tries.wait_s(["other"], now) == 0
    now += 24 * 3600
    tries.wrong(["name"], now)
    assert tries.wait_s(["name"], now) == 0


@pytest.mark.slow
def test_a_made_up_password_is_good_for_an_account(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    people, password = Operators(database), made_up()
    people.add("Петрова А. А.", password)
    began = time.monotonic()
    assert people.proves("петрова", password) is False
    unknown_s = time.monotonic() - began
    assert people.proves(" Петрова  А. А. ", password)
    assert unknown_s > 0.05, "who has no account must not be told by how quick the answer is"
    assert password.encode() not in (tmp_path / "db").read_bytes()
    database.close()


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
