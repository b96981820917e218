"""The exchange with an S3 behind it: a receipt means that the storage holds the bytes, whatever dies in between."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from exchange_peers import Client, Served, noise, sha256
from rig.seaweed import BUCKET, KEY, SECRET, Seaweed, seaweed

from sync.cli import main
from sync.exchange.accounts import add_school
from sync.exchange.storing_s3 import ObjectStore
from sync.transports.bucket import Bucket

pytestmark = pytest.mark.xdist_group("seaweed")
SCHOOL, DAY = "701020", "2026-02-11_265"
MIB = 1024 * 1024
SMALL, LARGE = noise("small", 100_000), noise("large", 33 * MIB)  # one PUT; three parts
HEAD = "0123456789abcdef" * 4
MANIFEST = b'{"kind":"stream","chain":{"block_s":10,"blocks":3,"head":"%s"}}' % HEAD.encode()

DIES_BEFORE_SIGNING = """
import os
from sync.exchange.register import Register
advance = Register.advance
def dying(self, upload, state, **learned):
    if state == "stored":
        os.kill(os.getpid(), 9)
    return advance(self, upload, state, **learned)
Register.advance = dying
"""
LOSES_A_BIT = """
from sync.transports.bucket import Bucket
put = Bucket.put
def wrong(self, key, content, *more):
    return put(self, key, content if "~" in key else content[:-1] + bytes([content[-1] ^ 1]), *more)
Bucket.put = wrong
"""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed(tmp_path_factory.mktemp("s3")) as server:
        yield server


def configured(storage: Seaweed, base: Path, secret: str = SECRET) -> Path:
    file = base / "s3.toml"
    file.write_text(
        f'url = "{storage.url}"\nbucket = "{BUCKET}"\nprefix = "{base.name}"\n'
        f'access_key = "{KEY}"\nsecret_key = "{secret}"\n'
    )
    file.chmod(0o600)
    return file


@pytest.fixture
def client(storage: Seaweed, folder: Path, token: str) -> Iterator[Client]:
    served = Served(folder, "--store", "s3", "--s3-config", str(configured(storage, folder.parent)))
    served.start()
    yield Client(served, token)
    served.end()


@pytest.fixture
def lying(storage: Seaweed, folder: Path) -> Callable[[], dict[str, bytes]]:
    """What the storage holds of this test's exchange: name in the day -> content."""
    return lambda: storage.below(f"{folder.parent.name}/schools/{SCHOOL}/{DAY}/")


def incoming(client: Client) -> list[Path]:
    return [path for path in (client.served.folder / "incoming").rglob("*") if path.is_file()]


def upload(client: Client, content: bytes, name: str = "Иванов И.mp3") -> None:
    client.upload(content, filename=name, folder=DAY)


def test_what_has_a_receipt_lies_in_the_storage(client: Client, lying: Callable[[], dict[str, bytes]]) -> None:
    contents = {"Иванов И.mp3": SMALL, "Иванов И.wav": LARGE, "поток_01.json": MANIFEST}
    for name, content in contents.items():
        upload(client, content, name)
        receipt = client.receipt(sha256(content))
        assert receipt.size == len(content)
        assert receipt.is_signed_by(client.key())
    assert receipt.chain_head == HEAD
    assert lying() == contents
    assert not incoming(client)
    assert not (client.served.folder / "schools").exists()


@pytest.mark.slow
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_name_that_is_taken_is_not_replaced(
    client: Client, storage: Seaweed, lying: Callable[[], dict[str, bytes]], content: bytes
) -> None:
    foreign = noise("foreign", len(content))
    storage.ask("PUT", f"{client.served.folder.parent.name}/schools/{SCHOOL}/{DAY}/Иванов И.mp3", foreign)
    for _ in range(2):
        upload(client, content)
        assert client.receipt(sha256(content))
    assert lying() == {"Иванов И.mp3": foreign, f"Иванов И~{sha256(content)[:8]}.mp3": content}


@pytest.mark.slow
def test_a_storage_that_is_away_is_waited_for(
    client: Client, storage: Seaweed, lying: Callable[[], dict[str, bytes]]
) -> None:
    with storage.outage():
        upload(client, SMALL)
        for _ in range(3):
            assert client.ask("GET", f"/receipts/{sha256(SMALL)}").status_code == 202
        assert [path.read_bytes() for path in incoming(client)] == [SMALL]
        client.served.kill()
        client.served.start()
    assert client.receipt(sha256(SMALL)).size == len(SMALL)
    assert lying() == {"Иванов И.mp3": SMALL}
    assert not incoming(client)


@pytest.mark.slow
@pytest.mark.parametrize("content", [SMALL, LARGE, MANIFEST], ids=["small", "large", "manifest"])
def test_a_kill_between_the_storage_and_the_register(
    client: Client, storage: Seaweed, lying: Callable[[], dict[str, bytes]], content: bytes
) -> None:
    served = client.served
    served.stop()
    served.first = DIES_BEFORE_SIGNING
    served.start()
    upload(client, content, "поток_01.json")
    served.died()
    assert lying() == {"поток_01.json": content}
    assert not incoming(client)
    served.first = ""
    served.start()
    receipt = client.receipt(sha256(content))
    assert receipt.size == len(content)
    assert (content is MANIFEST) == (receipt.chain_head == HEAD)
    assert lying() == {"поток_01.json": content}
    assert storage.uploads() == 0


@pytest.mark.slow
def test_wrong_bytes_in_the_storage_have_no_receipt(client: Client, lying: Callable[[], dict[str, bytes]]) -> None:
    served = client.served
    served.stop()
    served.first = LOSES_A_BIT
    served.start()
    upload(client, SMALL)
    assert client.receipt(sha256(SMALL)).size == len(SMALL)
    assert lying() == {"Иванов И.mp3": SMALL[:-1] + bytes([SMALL[-1] ^ 1]), f"Иванов И~{sha256(SMALL)[:8]}.mp3": SMALL}
    assert "does not hold what was sent" in served.log


@pytest.mark.slow
def test_a_verified_file_that_vanished_is_nowhere(storage: Seaweed, folder: Path) -> None:
    bucket = Bucket(storage.url, BUCKET, KEY, SECRET)
    assert not ObjectStore(bucket, folder.parent.name).lay(folder / "gone", "schools/a", sha256(SMALL), lambda: None)


@pytest.mark.slow
def test_keys_that_are_refused_end_the_start(storage: Seaweed, folder: Path) -> None:
    add_school(folder, SCHOOL)
    served = Served(folder, "--store", "s3", "--s3-config", str(configured(storage, folder.parent, "wrong-secret")))
    with pytest.raises(AssertionError):
        served.start()
    served.end()
    assert "SignatureDoesNotMatch" in served.log
    assert "wrong-secret" not in served.log
    assert "Traceback" not in served.log


@pytest.mark.parametrize(
    ("options", "mode", "told"),
    [
        (["--store", "s3"], 0o600, "--s3-config"),
        (["--s3-config", "FILE"], 0o600, "--store s3"),
        (["--store", "s3", "--s3-config", "FILE"], 0o644, "chmod 600"),
    ],
    ids=["no file", "no store", "open to others"],
)
def test_what_is_wrong_with_the_settings_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], mode: int, told: str
) -> None:
    folder.mkdir()
    file = folder / "s3.toml"
    file.write_text('url = "http://127.0.0.1:1"\nbucket = "b"\naccess_key = "k"\nsecret_key = "very-secret"\n')
    file.chmod(mode)
    words = [str(file) if word == "FILE" else word for word in options]
    assert main(["exchange", "serve", "--folder", str(folder), *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "very-secret" not in err


@pytest.mark.slow
def test_the_centre_reads_checks_and_exports_what_lies_in_the_storage(client: Client, tmp_path: Path) -> None:
    record = (
        b'{"schema":1,"exam_date":"2026-02-11","room":"265","school":"701020","station":"pc","number":1,"scheme":2,'
    )
    record += b'"recording":"both","until":"2026-02-11T15:00:00+07:00","journal":"",'
    record += b'"listed":[{"number":1,"surname":"\xd0\x98\xd0\xb2","first_name":"\xd0\x98"}]}'
    for name, content in {"Иванов И.mp3": SMALL, "11.02.2026_265_701020_ведомость_01.json": record}.items():
        upload(client, content, name)
        client.receipt(sha256(content))
    store = ["--store", "s3", "--s3-config", str(tmp_path / "s3.toml")]
    folder = ["--folder", str(client.served.folder)]
    assert main(["exchange", "verify", *folder, *store]) == 0
    assert main(["exchange", "export", *folder, *store, str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / SCHOOL / DAY / "Иванов И.mp3").read_bytes() == SMALL
    found = io.StringIO()
    with redirect_stdout(found):
        assert main(["exchange", "matrix", *folder, *store, "--json"]) == 0
    (day,) = json.loads(found.getvalue())
    assert [row["surname"] for row in day["rows"]] == ["Ив"]
    assert main(["exchange", "verify", *folder]) == 1, "without its store nothing of it can be read"
