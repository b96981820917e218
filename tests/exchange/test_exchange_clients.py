"""The clients people use, unchanged: tuspy and tus-js-client."""

from pathlib import Path
from typing import Any

import pytest
from exchange_peers import Client, Served, noise, run_node, sha256
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

MIB = 1024 * 1024
SAME_START = noise("the same start", MIB)
RECORDINGS = {f"Иванов {letter}.wav": SAME_START + noise(letter, MIB) for letter in "АБ"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / name for name in RECORDINGS}
    for name, path in paths.items():
        path.write_bytes(RECORDINGS[name])
    return paths


def tuspy(client: Client) -> TusClient:
    return TusClient(client.served.url + "/files", headers={"Authorization": client.headers["Authorization"]})


def both_arrived(client: Client) -> None:
    for content in RECORDINGS.values():
        assert client.receipt(sha256(content)).is_signed_by(client.key())
    home = client.served.folder / "schools" / "701020" / "2026-02-11_265"
    assert {path.name: path.read_bytes() for path in home.iterdir()} == RECORDINGS


@pytest.mark.parametrize("checksum", [False, True])
@pytest.mark.parametrize("chunk_size", [300_000, 1 << 40])
def test_tuspy(client: Client, files: dict[str, Path], checksum: bool, chunk_size: int) -> None:
    for name, path in files.items():
        metadata = {"filename": name, "folder": "2026-02-11_265"}
        tuspy(client).uploader(str(path), chunk_size=chunk_size, metadata=metadata, upload_checksum=checksum).upload()
    both_arrived(client)


def test_tuspy_resumes_after_the_server_was_killed(client: Client, files: dict[str, Path], tmp_path: Path) -> None:
    name, path = next(iter(files.items()))
    options: dict[str, Any] = {
        "chunk_size": 300_000,
        "metadata": {"filename": name},
        "store_url": True,
        "url_storage": FileStorage(str(tmp_path / "urls.json")),
    }
    first = tuspy(client).uploader(str(path), **options)
    first.upload_chunk()
    first.upload_chunk()
    client.served.kill()
    client.served.start()
    second = tuspy(client).uploader(str(path), **options)
    assert second.offset == 600_000
    second.upload()
    assert client.receipt(sha256(RECORDINGS[name]))


def test_tuspy_without_any_metadata(client: Client, files: dict[str, Path]) -> None:
    path = next(iter(files.values()))
    tuspy(client).uploader(str(path)).upload()
    assert client.receipt(sha256(path.read_bytes()))


def node_request(client: Client, files: dict[str, Path], **more: Any) -> dict[str, Any]:
    return {
        "endpoint": client.served.url + "/files",
        "token": client.headers["Authorization"].removeprefix("Bearer "),
        "uploads": [
            {"file": str(path), "metadata": {"filename": name, "folder": "2026-02-11_265"}}
            for name, path in files.items()
        ],
        **more,
    }


@pytest.mark.parametrize(
    "options", [{}, {"uploadDataDuringCreation": True}, {"overridePatchMethod": True}], ids=lambda found: str([*found])
)
@pytest.mark.parametrize("chunk_size", [300_000, None])
def test_tus_js_client(
    client: Client, files: dict[str, Path], node: Path, options: dict[str, bool], chunk_size: int | None
) -> None:
    size = {"chunkSize": chunk_size} if chunk_size else {}
    done = run_node(node, "upload.mjs", node_request(client, files, options=options, **size))
    assert [one["error"] for one in done] == [None, None]
    both_arrived(client)


def test_tus_js_client_resumes_after_the_server_was_killed(
    client: Client, served: Served, files: dict[str, Path], node: Path
) -> None:
    name, path = next(iter(files.items()))
    request = node_request(client, {name: path}, chunkSize=300_000)
    (aborted,) = run_node(node, "upload.mjs", request | {"abortAt": 600_000})
    served.kill()
    served.start()
    assert client.offset(aborted["url"].removeprefix(served.url)) >= 300_000
    request["uploads"][0]["url"] = aborted["url"]
    (done,) = run_node(node, "upload.mjs", request)
    assert done == {"url": aborted["url"], "error": None, "status": None}
    assert client.receipt(sha256(RECORDINGS[name]))


def test_tus_js_client_hears_of_a_wrong_token(client: Client, files: dict[str, Path], node: Path) -> None:
    done = run_node(node, "upload.mjs", node_request(client, files) | {"token": "wrong"})
    assert [one["status"] for one in done] == [401, 401]
    assert "Ключ доступа" in done[0]["error"]


def test_tus_js_client_hears_of_a_wrong_sha256(client: Client, files: dict[str, Path], node: Path) -> None:
    request = node_request(client, files)
    for upload in request["uploads"]:
        upload["metadata"]["sha256"] = "0" * 64
    done = run_node(node, "upload.mjs", request)
    assert all(one["error"] for one in done)
