"""tus 1.0 as a client sees it: create, ask, append, resume, terminate; checksums; locks; memory."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from exchange_peers import Client, Served, encoded, sha256, until, upload_checksum

from sync.exchange.accounts import add_school

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 4096


def stored(served: Served, school: str = "701020", folder: str = "other") -> dict[str, bytes]:
    home = served.folder / "schools" / school / folder
    return {path.name: path.read_bytes() for path in home.iterdir()} if home.is_dir() else {}


def test_the_server_says_what_it_can(served: Served) -> None:
    answer = requests.options(served.url + "/files", timeout=10)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "checksum", "termination", "expiration",
    }  # fmt: skip
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert int(answer.headers["Tus-Max-Size"]) > 6 * 1024**3


def test_an_upload_in_parts_is_stored_and_acknowledged(client: Client) -> None:
    raw = {"filename": "Иванов И.mp3", "folder": "2026-02-11_265", "sha256": sha256(CONTENT)}
    created = client.create(len(CONTENT), **raw)
    path = created.headers["Location"]
    assert client.patch(path, 0, CONTENT[:1000]).headers["Upload-Offset"] == "1000"
    asked = client.ask("HEAD", path)
    assert asked.headers["Upload-Offset"] == "1000"
    assert asked.headers["Upload-Length"] == str(len(CONTENT))
    assert asked.headers["Upload-Metadata"] == encoded(raw)
    assert asked.headers["Cache-Control"] == "no-store"
    assert client.ask("GET", f"/receipts/{sha256(CONTENT)}").status_code == 404
    assert client.patch(path, 1000, CONTENT[1000:]).status_code == 204
    receipt = client.receipt(sha256(CONTENT))
    assert (receipt.sha256, receipt.size, receipt.tier) == (sha256(CONTENT), len(CONTENT), "hub")
    assert receipt.method == "server-hash"
    assert stored(client.served, folder="2026-02-11_265") == {"Иванов И.mp3": CONTENT}
    assert client.offset(path) == len(CONTENT)
    assert client.patch(path, len(CONTENT), b"").status_code == 204


def test_an_empty_file_arrives_with_its_creation(client: Client) -> None:
    client.upload(b"", filename="empty.json")
    assert client.receipt(sha256(b"")).size == 0
    assert stored(client.served) == {"empty.json": b""}


def test_a_creation_may_carry_the_first_bytes(client: Client) -> None:
    headers = {
        "Upload-Length": "10",
        "Upload-Metadata": encoded({"filename": "x"}),
        "Content-Type": "application/offset+octet-stream",
    }
    created = client.ask("POST", "/files", headers, data=b"01234")
    assert created.status_code == 201
    assert created.headers["Upload-Offset"] == "5"
    assert client.patch(created.headers["Location"], 5, b"56789").status_code == 204
    assert client.receipt(sha256(b"0123456789"))
    assert client.ask("POST", "/files", headers, data=b"01234567890").status_code == 413


def test_a_proxy_that_knows_only_post_can_be_passed(client: Client) -> None:
    path = client.create(1, filename="x").headers["Location"]
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.ask("POST", path, headers | {"X-HTTP-Method-Override": "PATCH"}, data=b"x").status_code == 204


def test_a_wrong_offset_changes_nothing(client: Client) -> None:
    path = client.create(10, filename="x").headers["Location"]
    client.patch(path, 0, b"01234")
    assert client.patch(path, 0, b"01234").status_code == 409
    assert client.patch(path, 6, b"6789").status_code == 409
    assert client.offset(path) == 5


def test_an_unfinished_upload_can_be_terminated_and_a_whole_one_not(client: Client) -> None:
    path = client.create(2, filename="x").headers["Location"]
    client.patch(path, 0, b"x")
    assert client.ask("DELETE", path).status_code == 204
    assert client.ask("HEAD", path).status_code == 404
    assert client.patch(path, 1, b"y").status_code == 404
    path = client.upload(b"xy", filename="x")
    assert client.ask("DELETE", path).status_code == 403
    assert client.receipt(sha256(b"xy"))


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_damaged_chunk_is_cut_off_again(client: Client, algorithm: str) -> None:
    path = client.create(len(CONTENT), filename="x").headers["Location"]
    client.patch(path, 0, CONTENT[:100], upload_checksum(CONTENT[:100], algorithm))
    damaged = b"!" + CONTENT[101:]
    answer = client.patch(path, 100, damaged, upload_checksum(CONTENT[100:], algorithm))
    assert answer.status_code == 460
    assert "100" in answer.text
    assert client.offset(path) == 100
    assert client.patch(path, 100, CONTENT[100:], upload_checksum(CONTENT[100:], algorithm)).status_code == 204
    assert client.receipt(sha256(CONTENT))


def test_a_second_connection_to_one_upload_is_locked_out(client: Client) -> None:
    size = 4 * MIB
    path = client.create(size, filename="x").headers["Location"]
    with client.begin_patch(path, {"Content-Length": str(size)}, b"x" * (2 * MIB)):
        client.offset_reaches(path, MIB)
        assert client.patch(path, client.offset(path), b"y").status_code == 423
        assert client.ask("DELETE", path).status_code == 423


def test_a_broken_connection_keeps_what_arrived(client: Client) -> None:
    content = CONTENT * 4
    path = client.create(len(content), filename="x").headers["Location"]
    sent = content[: 2 * MIB + 12345]
    with client.begin_patch(path, {"Content-Length": str(len(content))}, sent):
        client.offset_reaches(path, MIB)
    client.offset_reaches(path, 2 * MIB)
    assert client.offset(path) <= len(sent)

    def resumed() -> bool | None:
        offset = client.offset(path)
        return client.patch(path, offset, content[offset:]).status_code == 204 or None

    until(resumed, "the broken connection to let go of the upload")
    assert client.receipt(sha256(content))


def test_bytes_not_yet_checked_are_never_verified(client: Client) -> None:
    content = b"x" * MIB  # exactly one block: all of it is on disk before the end of the body is
    path = client.create(MIB, filename="x").headers["Location"]
    headers = {"Transfer-Encoding": "chunked", **upload_checksum(b"other")}
    with client.begin_patch(path, headers, b"%x\r\n%b\r\n" % (MIB, content)) as connection:
        client.offset_reaches(path, MIB)
        assert client.ask("GET", f"/receipts/{sha256(content)}").status_code == 202
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 460")
    assert client.offset(path) == 0
    assert client.ask("GET", f"/receipts/{sha256(content)}").status_code == 404
    assert stored(client.served) == {}


def test_twenty_uploads_at_once(client: Client) -> None:
    contents = {f"file {number}.mp3": bytes([number]) * (MIB + number) for number in range(20)}

    def send(name: str) -> str:
        content = contents[name]
        client.upload(content, filename=name, folder="2026-02-11_265", sha256=sha256(content))
        return client.receipt(sha256(content)).sha256

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(send, contents)) == [sha256(content) for content in contents.values()]
    assert stored(client.served, folder="2026-02-11_265") == contents


def test_a_gibibyte_needs_little_memory(client: Client) -> None:
    size, block = 1024 * MIB, b"\x5a" * MIB

    def body() -> Iterator[bytes]:
        for _ in range(size // MIB):
            yield block

    path = client.create(size, filename="long.wav").headers["Location"]
    began = time.monotonic()
    assert client.patch(path, 0, body()).status_code == 204
    assert size / MIB / (time.monotonic() - began) > 20  # MiB/s: far below what is measured, far above a school's line
    peak = Path(f"/proc/{client.served.pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]
    assert int(peak) < 80 * 1024


def test_a_school_sees_only_its_own(client: Client) -> None:
    content = b"secret of 701020"
    unfinished = client.create(5, filename="y").headers["Location"]
    path = client.upload(content, filename="x")
    client.receipt(sha256(content))
    other = Client(client.served, add_school(client.served.folder, "701021"))
    for one in (path, unfinished):
        assert other.ask("HEAD", one).status_code == 404
        assert other.patch(one, 0, b"abcde").status_code == 404
        assert other.ask("DELETE", one).status_code == 404
    assert other.ask("GET", f"/receipts/{sha256(content)}").status_code == 404
    other.upload(content, filename="x")
    assert other.receipt(sha256(content)).receipt_id != client.receipt(sha256(content)).receipt_id
    assert stored(client.served, "701021") == {"x": content}
    assert client.offset(unfinished) == 0
