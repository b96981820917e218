"""What the technician's routes do not do: for strangers, onto what is no drive, with hostile names and sizes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from rig.visitor import Visitor
from showing.school import School

from exam.localpage.refusal import Refused
from station.web import spool
from station.web.spool import Spool, plain
from station.web.technician import UPLOAD, UPLOAD_BYTES

LOOKS = ("ready", "summary", "devices", "drives", "sheet.pdf", "rehearsal.png")
JOBS = ("rehearse", "verify", "export", "import", "cancel/verify", "upload")


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_is_shown_without_a_session(page: Visitor, name: str) -> None:
    assert requests.get(f"{page.url}/api/technician/{name}", timeout=10).status_code == 401


@pytest.mark.parametrize("name", JOBS)
def test_nothing_is_begun_from_another_page(page: Visitor, name: str) -> None:
    path = f"/api/technician/{name}"
    assert page.post(path, {}, Origin="http://evil.example").status_code == 403
    assert requests.post(page.url + path, json={}, headers={"Origin": page.url}, timeout=10).status_code == 401


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("folder", ["/opt", "/etc", "../..", "", "--help", "/media/../etc"])
def test_a_day_is_copied_onto_drives_only(page: Visitor, folder: str) -> None:
    answer = page.post("/api/technician/export", {"folder": folder}, **{"X-Pin": "4711"})
    assert refused(answer) == (409, "no_drive")


def test_export_asks_for_the_pin(page: Visitor) -> None:
    assert refused(page.post("/api/technician/export", {"folder": "/media/x"})) == (403, "pin_needed")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("export", {"folder": 7}, 400),
        ("export", {}, 400),
        ("rehearse", {"quick": "yes"}, 400),
        ("verify", {"folder": "/etc"}, 400),
        ("import", {"upload": "x", "participant": 1, "started_at": "25:00:00"}, 400),
        ("import", {"upload": "../../x", "participant": 1, "started_at": "10:00:00"}, 409),
        ("import", {"upload": "x", "participant": 0, "started_at": "10:00:00"}, 400),
        ("import", {"upload": "x", "participant": 1, "started_at": "10:00:00", "source": "--help"}, 400),
        ("cancel/verify", {}, 409),
        ("cancel/shell", {}, 404),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(page: Visitor, path: str, body: object, code: int) -> None:
    answer = page.post(f"/api/technician/{path}", body)
    assert answer.status_code == code
    assert answer.json()["error"]["ru"]


def test_there_is_no_sheet_of_another_kind_and_no_picture_of_nothing(page: Visitor) -> None:
    assert refused(page.get("/api/technician/sheet.exe")) == (404, "not_found")
    assert refused(page.get("/api/technician/rehearsal.png")) == (404, "no_rehearsal")


def test_however_often_a_page_asks_only_two_commands_run(page: Visitor, deaf_room: School) -> None:
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(page.get, "/api/technician/summary") for _ in range(5)]
        most = 0
        while wait(asked, timeout=0.05).not_done:
            most = max(most, _commands(deaf_room))
    assert {each.result().status_code for each in asked} == {200}
    assert 0 < most <= 2


def _commands(school: School) -> int:
    """How many commands of the page run now."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            found += b"summary" in words and str(school.folder / "station.toml").encode() in words
    return found


# -- files ---------------------------------------------------------------------------------------------------------


def sent(page: Visitor, name: str, content: bytes) -> requests.Response:
    headers = {"Origin": page.url}
    return page.http.post(page.url + UPLOAD, params={"name": name}, data=content, headers=headers, timeout=30)


def test_a_hostile_name_stays_in_its_own_folder(page: Visitor, deaf_room: School) -> None:
    before = set(deaf_room.folder.glob("**/*.json*"))
    answer = sent(page, "../../../recordings/journal.jsonl", b"not sound")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["size"]) == ("journal.jsonl", 9)
    new = set(deaf_room.folder.glob("**/*.json*")) - before
    assert [path.parent.parent.name for path in new] == [".принятое"]


def test_an_empty_file_is_refused_and_leaves_nothing(page: Visitor, deaf_room: School) -> None:
    before = set(deaf_room.folder.glob("recordings/.принятое/*"))
    assert refused(sent(page, "a.mp3", b"")) == (400, "empty")
    assert set(deaf_room.folder.glob("recordings/.принятое/*")) == before


def test_a_file_that_is_said_to_be_too_large_is_not_taken(page: Visitor) -> None:
    """Its length is not believed either way: what comes is counted."""
    address = urlsplit(page.url)
    assert address.port is not None
    head = (f"POST {UPLOAD}?name=a HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {page.url}\r\n"
            f"Cookie: {page.headers['Cookie']}\r\nContent-Length: {UPLOAD_BYTES + 1}\r\n\r\n")  # fmt: skip
    with socket.create_connection((address.hostname or "", address.port), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(1000).decode()
    assert " 413 " in answer.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("DVT 001.mp3", "DVT 001.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\rec\\a.wav", "a.wav"),
        ("", "file"),
        ("..", "file"),
        ("-o.mp3", "o.mp3"),
        ("a\0\n\u202eb.mp3", "ab.mp3"),
        ('<a>:"|?*.mp3', "_a______.mp3"),
        (".part-1.wav", "part-1.wav"),
        ("я" * 500 + ".mp3", "я" * 60 + ".mp3"),
        ("a." + "x" * 500, "a." + "x" * 8),
    ],
)
def test_a_name_is_made_harmless(name: str, kept: str) -> None:
    assert plain(name) == kept


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_what_the_exam_needs_of_the_disk_stays_free(tmp_path: Path) -> None:
    made = Spool(tmp_path, 1 << 60)
    with pytest.raises(Refused) as full:
        asyncio.run(made.take("a.mp3", _pieces(b"sound")))
    assert (full.value.code, full.value.status) == ("disk_low", 507)
    assert not list(tmp_path.glob(f"{spool._NAME}/*"))


def test_a_file_given_up_half_way_is_not_kept(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises((Refused, ConnectionResetError)):
        asyncio.run(Spool(tmp_path, 0).take("a.mp3", broken()))
    assert not list(tmp_path.glob(f"{spool._NAME}/*"))


def test_what_an_earlier_page_left_is_cleared_before_the_next_file(tmp_path: Path) -> None:
    first = asyncio.run(Spool(tmp_path, 0).take("a.mp3", _pieces(b"one")))
    asyncio.run(Spool(tmp_path, 0).take("b.mp3", _pieces(b"two")))
    assert not first.path.exists()


def test_of_many_files_that_nobody_asks_for_the_oldest_go(tmp_path: Path) -> None:
    async def all_of() -> list[Path]:
        made = Spool(tmp_path, 0)
        first = made.claim((await made.take("being imported.mp3", _pieces(b"1"))).id)
        return [first.path, *[(await made.take(f"{n}.mp3", _pieces(b"1"))).path for n in range(6)]]

    assert [path.exists() for path in asyncio.run(all_of())] == [True, False, False, True, True, True, True]
