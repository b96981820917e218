"""What the WebDAV transport makes of servers that misbehave, of login pages, and of addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dav_impostor import Impostor, impostor
from school import noise, sha256

from exam.errors import ExamError, Fatal, Rejected, Transient
from sync.model import Receipt
from sync.naming import part
from sync.plan import Item
from sync.source import Source
from sync.transports import Lost, Proof
from sync.transports.davnames import Address, folders_of, names_in
from sync.transports.shelf import Shelved
from sync.transports.web import Basic, Bearer
from sync.transports.webdav import WebDav

CONTENT = noise(20_000)
ITEM = Item("2026-02-11_265/Иванов И.mp3", "participant", sha256(CONTENT), len(CONTENT))
PART = part(ITEM.path, ITEM.sha256)
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def server() -> Iterator[Impostor]:
    with impostor() as told:
        yield told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Иванов И.mp3"
    path.write_bytes(CONTENT)
    return path


def shelf(server: Impostor) -> WebDav:
    return WebDav(server.url, Bearer("dav-token"))


def delivered(server: Impostor, file: Path) -> Proof:
    transport = Shelved(shelf(server), server.url, "hub")
    begun = transport.create(ITEM)
    with Source(file, ITEM.size, ITEM.sha256) as source:
        if begun.offset < ITEM.size:
            transport.send(begun.upload, source, begun.offset, lambda _through: None)
    return transport.prove(begun.upload, ITEM, lambda _through: None)


def test_a_file_arrives_with_the_token_and_few_requests(server: Impostor, file: Path) -> None:
    assert isinstance(delivered(server, file), Receipt)
    assert server.files == {f"/{ITEM.path}": CONTENT}
    assert server.secrets == {"Bearer dav-token"}
    assert [line.split()[0] for line in server.asked] == ["PROPFIND", "MKCOL", "PUT", "GET", "MOVE", "HEAD"]


@pytest.mark.parametrize("methods", ["PROPFIND", "PUT", "MOVE", "MKCOL", "HEAD GET PUT MOVE MKCOL PROPFIND DELETE"])
def test_a_login_page_is_no_server(server: Impostor, file: Path, methods: str) -> None:
    server.plan(200, methods, HTML, b"<html>Please log in</html>")
    with pytest.raises(Transient) as caught:
        delivered(server, file)
    assert caught.value.code == "garbled"
    assert "WebDAV" in caught.value.en
    assert f"/{ITEM.path}" not in server.files


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (401, (Fatal, "wrong_token")),
        (403, (Fatal, "wrong_token")),
        (413, (Rejected, "too_large")),
        (423, (Transient, "locked")),
        (429, (Transient, "server_busy")),
        (500, (Transient, "server_busy")),
        (503, (Transient, "server_busy")),
        (507, (Transient, "far_disk_full")),
    ],
)
@pytest.mark.parametrize("method", ["PROPFIND", "PUT", "MOVE"])
def test_refusals_are_ours(
    server: Impostor, file: Path, method: str, status: int, meaning: tuple[type[ExamError], str]
) -> None:
    kind, code = meaning
    server.plan(status, method, {"Retry-After": "70"})
    with pytest.raises(kind) as caught:
        delivered(server, file)
    assert caught.value.code == code
    if isinstance(caught.value, Transient):
        assert caught.value.retry_after == 70
    assert f"/{ITEM.path}" not in server.files


def test_a_full_disk_is_told_in_plain_words(server: Impostor, file: Path) -> None:
    server.plan(507, "PUT")
    with pytest.raises(Transient) as caught:
        delivered(server, file)
    assert caught.value.ru.startswith("На диске получателя кончилось место")


@pytest.mark.parametrize("status", [404, 405])
def test_a_web_server_without_webdav_is_told(server: Impostor, file: Path, status: int) -> None:
    server.plan(404, "HEAD")
    server.plan(status, "PROPFIND MKCOL PUT")
    with pytest.raises(Fatal) as caught:
        delivered(server, file)
    assert caught.value.code == "misdirected"
    assert server.url in caught.value.en


def test_a_webdav_server_that_allows_no_put_for_now_is_tried_again(server: Impostor, file: Path) -> None:
    """So do servers written in Go when their disk is full."""
    server.plan(405, "PUT")
    with pytest.raises(Transient):
        delivered(server, file)


def test_a_server_that_lists_nothing_is_asked_for_each_name(server: Impostor, file: Path) -> None:
    server.plan(405, "PROPFIND")
    foreign = noise(20_000, 9)
    server.files[f"/{ITEM.path}"] = foreign
    assert isinstance(delivered(server, file), Receipt)
    assert server.files.pop(f"/{ITEM.path}") == foreign
    assert list(server.files.values()) == [CONTENT]


@pytest.mark.parametrize("listing", [b"<multistatus xmlns='DAV:'/>", b"not xml", b"<x/>"])
def test_a_listing_that_conceals_a_name_replaces_nothing(server: Impostor, file: Path, listing: bytes) -> None:
    foreign = noise(20_000, 9)
    server.files[f"/{ITEM.path}"] = foreign
    server.listed = listing
    assert isinstance(delivered(server, file), Receipt)
    assert server.files.pop(f"/{ITEM.path}") == foreign
    assert list(server.files.values()) == [CONTENT]


def test_what_another_process_delivered_meanwhile_is_found(server: Impostor, file: Path) -> None:
    server.files[f"/{ITEM.path}"] = CONTENT
    assert isinstance(delivered(server, file), Receipt)
    assert server.files == {f"/{ITEM.path}": CONTENT}


def test_a_server_known_by_another_scheme_moves_all_the_same(server: Impostor) -> None:
    server.plan(502, "MOVE")
    server.planned["MOVE"].append((201, {}, b""))
    server.files[f"/{ITEM.path}"] = CONTENT
    shelf(server).publish(PART, ITEM.path)
    moves = [line.split()[2] for line in server.asked if line.startswith("MOVE")]
    assert [move.startswith("http") for move in moves] == [True, False]


def test_a_move_that_did_nothing_is_no_delivery(server: Impostor, file: Path) -> None:
    server.plan(201, "MOVE")
    assert isinstance(delivered(server, file), Lost)


def test_a_part_that_vanished_before_its_move_is_sent_again(server: Impostor) -> None:
    """rclone answers 403 then, which means no wrong password."""
    server.plan(403, "MOVE")
    with pytest.raises(Transient):
        shelf(server).publish(PART, ITEM.path)


@pytest.mark.parametrize("ranges", [True, False])
def test_reading_goes_on_where_it_stopped(server: Impostor, ranges: bool) -> None:
    """Also where the server gives the whole file whatever was asked."""
    server.files["/x"], server.ranges = CONTENT, ranges
    assert b"".join(shelf(server).read("x", 15_000)) == CONTENT[15_000:]
    assert b"".join(shelf(server).read("x", 0)) == CONTENT


def test_a_redirected_reading_is_no_refusal_of_the_file(server: Impostor) -> None:
    server.plan(302, "GET", {"Location": "http://login.invalid/"})
    with pytest.raises(Fatal) as caught:
        list(shelf(server).read("x", 0))
    assert caught.value.code == "moved"


def test_another_range_than_was_asked_is_no_reading(server: Impostor) -> None:
    server.plan(206, "GET", {"Content-Range": "bytes 0-/20000"}, CONTENT)
    with pytest.raises(Transient):
        list(shelf(server).read("x", 15_000))


def test_nothing_is_read_of_a_file_that_is_not_there(server: Impostor) -> None:
    assert list(shelf(server).read("x", 0)) == []
    server.plan(416, "GET")
    assert list(shelf(server).read("x", 10)) == []


def test_a_server_that_makes_a_range_the_file_does_not_append(server: Impostor) -> None:
    assert shelf(server).appends is False
    assert server.files == {}


def test_a_password_goes_as_it_is_and_is_named_when_refused(server: Impostor) -> None:
    server.plan(401, "PROPFIND")
    with pytest.raises(Fatal) as caught:
        WebDav(server.url, Basic("school", "secret"), keyed_by="password_file").size("x/y")
    assert server.secrets == {"Basic c2Nob29sOnNlY3JldA=="}
    assert "target.password_file" in caught.value.en
    assert "secret" not in caught.value.en.replace("password_file", "")


def test_the_proxy_of_the_environment_is_used(server: Impostor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    assert WebDav("http://far.invalid", Bearer("")).size("x/y") is None
    assert server.asked[0] == "PROPFIND http://far.invalid/x/"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://host/dav", "http://host/dav/%D0%B0%3F%23"),
        ("http://host:80/dav/", "http://host/dav/%D0%B0%3F%23"),
        ("https://host:8443", "https://host:8443/%D0%B0%3F%23"),
        ("https://пример.рф/ИС 9", "https://xn--e1afmkfd.xn--p1ai/%D0%98%D0%A1%209/%D0%B0%3F%23"),
        ("https://[::1]:8443/a%20b", "https://[::1]:8443/a%20b/%D0%B0%3F%23"),
    ],
)
def test_an_address_is_spelled_as_a_url(url: str, address: str) -> None:
    assert Address(url).of("а?#") == address


def test_folders_are_made_from_the_outside() -> None:
    assert list(folders_of("a/b/c.mp3")) == ["a", "a/b"]


def test_the_names_of_a_listing_keep_their_spelling() -> None:
    listing = (
        "<D:multistatus xmlns:D='DAV:'><D:response><D:href>http://host/a/</D:href></D:response><D:response>"
        "<D:href> /a/%d0%81%25&amp;E%CC%81.mp3\n</D:href></D:response></D:multistatus>"
    )
    assert names_in(listing.encode()) == {"a", "Ё%&E\u0301.mp3"}
