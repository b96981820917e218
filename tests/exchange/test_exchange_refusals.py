"""Bad input: a clear error with place and remedy each time, nothing lost, nothing overwritten."""

from pathlib import Path

import pytest
from exchange_peers import Client, encoded, sha256, upload_checksum

from sync.exchange.accounts import add_school

CONTENT = b"an answer of fifteen minutes"


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic eDp5", "nonsense"])
def test_a_wrong_token_opens_nothing(client: Client, authorization: str | None) -> None:
    path = client.create(5, filename="x").headers["Location"]
    token = client.headers.pop("Authorization").removeprefix("Bearer ")
    if authorization:
        client.headers["Authorization"] = authorization
    receipt = f"/receipts/{sha256(CONTENT)}"
    for method, where in (("POST", "/files"), ("HEAD", path), ("PATCH", path), ("DELETE", path), ("GET", receipt)):
        answer = client.ask(method, where, {"Upload-Length": "5"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        if method != "HEAD":
            assert "Ключ доступа" in answer.text
            assert "token" in answer.text
    assert token not in client.served.log
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.offset(path) == 0


def test_more_than_announced_is_not_stored(client: Client) -> None:
    path = client.create(10, filename="x").headers["Location"]
    client.patch(path, 0, b"01234")
    announced = client.patch(path, 5, b"567890")
    unannounced = client.patch(path, 5, iter([b"5678", b"90"]))
    for answer in (announced, unannounced):
        assert answer.status_code == 413
        assert "Upload-Length" in answer.text
        assert "start a new upload" in answer.text
    assert client.offset(path) == 5
    assert client.patch(path, 5, b"56789").status_code == 204
    assert client.receipt(sha256(b"0123456789"))


@pytest.mark.parametrize("key", ["filename", "folder"])
@pytest.mark.parametrize("name", ["../../../escaped", "..", "/etc/passwd", "a\\b", "a\0b", "x" * 256, b"\xff"])
def test_a_traversal_is_refused_before_anything_is_written(client: Client, key: str, name: str | bytes) -> None:
    before = files_in(client.served.folder.parent)
    answer = client.create(5, **({"filename": "x"} | {key: name}))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"Upload-Metadata, {key}" in answer.text
    assert "Ничего не записано" in answer.text
    assert files_in(client.served.folder.parent) == before


def test_a_path_in_place_of_an_id_finds_nothing(client: Client) -> None:
    for path in ("/files/..%2f..%2fserver.key", "/files/%2e%2e/server.key", "/receipts/..%2fserver.key"):
        assert client.ask("GET", path).status_code in {404, 405}
    assert client.ask("GET", "/receipts/1234").status_code == 404


def test_content_unlike_its_announced_sha256_is_set_aside_and_said_so(client: Client) -> None:
    path = client.create(len(CONTENT), filename="x", sha256=sha256(b"other")).headers["Location"]
    answer = client.patch(path, 0, CONTENT)
    assert answer.status_code == 460
    assert sha256(CONTENT) in answer.text
    assert "send the file anew" in answer.text
    verdict = client.settled(sha256(b"other"))
    assert verdict.status_code == 410
    assert verdict.text == answer.text
    assert client.ask("GET", f"/receipts/{sha256(CONTENT)}").status_code == 404
    assert client.ask("HEAD", path).status_code == 410
    folder = client.served.folder
    assert not (folder / "schools").exists()
    aside = folder / "quarantine" / "701020" / path.rpartition("/")[2]
    assert aside.read_bytes() == CONTENT
    client.upload(b"other", filename="x", sha256=sha256(b"other"))
    assert client.receipt(sha256(b"other"))


def test_a_wrong_checksum_loses_nothing(client: Client) -> None:
    path = client.create(len(CONTENT), filename="x").headers["Location"]
    answer = client.patch(path, 0, CONTENT, upload_checksum(b"other"))
    assert answer.status_code == 460
    assert "Send it again from offset 0" in answer.text
    assert client.offset(path) == 0


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({}, 400, "Upload-Length"),
        ({"Upload-Length": "five"}, 400, "five"),
        ({"Upload-Defer-Length": "1"}, 400, "Upload-Defer-Length"),
        ({"Upload-Length": str(10**15)}, 413, "Upload-Length"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename !!!"}, 400, "Upload-Metadata"),
        ({"Upload-Length": "5", "Upload-Metadata": encoded({"filename": "x" * 9000})}, 431, "Upload-Metadata"),
        ({"Upload-Length": "5", "Tus-Resumable": "0.2.2"}, 412, "Tus-Resumable"),
        ({"Upload-Length": str(60 * 1024**3 * 1000)}, 413, "Upload-Length"),
    ],
)
def test_an_unclear_creation_names_what_is_wrong(
    client: Client, headers: dict[str, str], status: int, word: str
) -> None:
    answer = client.ask("POST", "/files", headers)
    assert answer.status_code == status
    assert word in answer.text
    assert answer.headers["X-Error-Code"]
    assert not (client.served.folder / "incoming").exists()


def test_a_replaced_token_is_void_at_once(client: Client) -> None:
    fresh = Client(client.served, add_school(client.served.folder, "701020", replace=True))
    assert client.create(1, filename="x").status_code == 401
    assert fresh.create(1, filename="x").status_code == 201
