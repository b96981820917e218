"""What two files of one name become, and what a name looks like when it arrives."""

import unicodedata
from pathlib import Path

import pytest
from exchange_peers import Client, sha256

from sync.exchange.packages import packages

NAME = "11.02.2026_265_701020_Чайковский Й.mp3"
FOLDER = "2026-02-11_265"


def home(client: Client) -> Path:
    return client.served.folder / "schools" / "701020" / FOLDER


@pytest.mark.parametrize("announced", [True, False])
def test_the_same_file_sent_twice_is_one_file_with_one_receipt(client: Client, announced: bool) -> None:
    digest = {"sha256": sha256(b"answer")} if announced else {}
    receipts = set()
    for _ in range(2):
        path = client.upload(b"answer", filename=NAME, folder=FOLDER, **digest)
        receipts.add(client.receipt(sha256(b"answer")).receipt_id)
        assert client.offset(path) == len(b"answer")
    client.served.stop()
    assert len(receipts) == 1
    assert {path.name: path.read_bytes() for path in home(client).iterdir()} == {NAME: b"answer"}
    assert not list((client.served.folder / "incoming" / "701020").iterdir())
    assert [(file.file, file.receipt_id) for file in packages(client.served.folder)] == [(NAME, receipts.pop())]


def test_other_content_under_a_taken_name_is_kept_beside_it(client: Client) -> None:
    contents = [b"first", b"second", b"third", b"second"]
    for content in contents:
        client.upload(content, filename=NAME, folder=FOLDER)
        assert client.receipt(sha256(content)).sha256 == sha256(content)
    client.served.stop()
    beside = {
        f"11.02.2026_265_701020_Чайковский Й~{sha256(content)[:8]}.mp3": content for content in (b"second", b"third")
    }
    assert {path.name: path.read_bytes() for path in home(client).iterdir()} == {NAME: b"first"} | beside


def test_a_file_put_there_by_hand_is_not_overwritten(client: Client) -> None:
    home(client).mkdir(parents=True)
    (home(client) / NAME).write_bytes(b"by hand")
    client.upload(b"uploaded", filename=NAME, folder=FOLDER)
    assert client.receipt(sha256(b"uploaded"))
    assert (home(client) / NAME).read_bytes() == b"by hand"


def test_a_name_freed_by_hand_is_not_signed_for_with_the_old_receipt(client: Client) -> None:
    for content in (b"first", b"second"):
        client.upload(content, filename=NAME, folder=FOLDER)
        assert client.receipt(sha256(content)).sha256 == sha256(content)
        (home(client) / NAME).rename(client.served.folder / content.decode())
    (listed,) = packages(client.served.folder)
    assert listed.sha256 == sha256(b"second")


def test_both_unicode_spellings_of_a_name_arrive(client: Client) -> None:
    spellings = {unicodedata.normalize(form, NAME): form.encode() for form in ("NFC", "NFD")}
    assert len(spellings) == 2
    for name, content in spellings.items():
        client.upload(content, filename=name, folder=FOLDER)
        client.receipt(sha256(content))
    assert {path.name: path.read_bytes() for path in home(client).iterdir()} == spellings


def test_one_content_under_two_names_is_two_files(client: Client) -> None:
    for name in ("a.json", "b.json"):
        client.upload(b"{}", filename=name, sha256=sha256(b"{}"))
        client.receipt(sha256(b"{}"))
    listed = packages(client.served.folder)
    assert [(file.folder, file.file, file.size) for file in listed] == [("other", "a.json", 2), ("other", "b.json", 2)]


def test_a_nameless_upload_is_stored_under_its_id(client: Client) -> None:
    path = client.upload(b"nameless")
    client.receipt(sha256(b"nameless"))
    (listed,) = packages(client.served.folder)
    assert listed.file == "upload-" + path.rpartition("/")[2]
