"""The receipt of a stream's manifest holds the head of its hash chain; whatever else comes as JSON is a mere file."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from exchange_peers import Client, sha256
from msgspec import UNSET

from sync.model import Receipt
from sync.receipts import Receipts

HEAD = "0123456789abcdef" * 4
NAME = "11.02.2026_265_701020_поток_01.json"


def told(head: object = HEAD, **other: object) -> bytes:
    document: Mapping[str, object] = {"kind": "stream", "chain": {"block_s": 10, "blocks": 3, "head": head}, **other}
    return json.dumps(document).encode()


def receipt_of(client: Client, content: bytes, name: str = NAME) -> Receipt:
    client.upload(content, filename=name)
    return client.receipt(sha256(content))


def test_the_receipt_of_a_streams_manifest_holds_its_head_under_the_signature(client: Client) -> None:
    receipt, key = receipt_of(client, told()), client.key()
    assert receipt.chain_head == HEAD
    assert receipt.is_signed_by(key)
    for other in ("f" * 64, UNSET):
        assert not msgspec.structs.replace(receipt, chain_head=other).is_signed_by(key)
    assert client.ask("GET", f"/receipts/{receipt.sha256}").json()["chain_head"] == HEAD


def test_the_agent_keeps_it_and_notices_another(client: Client, tmp_path: Path) -> None:
    receipt = receipt_of(client, told())
    receipts = Receipts(tmp_path, configured_key=client.key().public_bytes_raw())
    receipts.keep(receipt)
    stored = receipts.stored(receipt.sha256)
    assert stored == receipt
    assert receipts.proves(receipt.sha256, receipt.size)
    path = tmp_path / "receipts" / f"{receipt.sha256}.json"
    path.write_text(path.read_text().replace(HEAD, "f" * 64))
    assert not receipts.proves(receipt.sha256, receipt.size)


HOSTILE: dict[str, bytes] = {
    "no JSON": b"\x00\x01",
    "no UTF-8": b'{"kind": "stream", "chain": {"head": "\xff"}}',
    "empty": b"",
    "a list": b"[]",
    "too deep": b'{"chain":' + b"[" * 100_000,
    "too deep and passed over": b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"," + told()[1:],
    "too large": told() + b" " * (4 << 20),
    "a participant's": told(kind="participant"),
    "without a chain": json.dumps({"kind": "stream"}).encode(),
    "chain null": told(chain=None),
    "head null": told(None),
    "a number for a head": told(5),
    "a short head": told("ab" * 31),
    "a long head": told("ab" * 33),
    "a head in capitals": told("AB" * 32),
    "a head with a line's end": told("ab" * 32 + "\n"),
    "a head of other letters": told("я" * 64),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_states_no_head_gets_a_plain_receipt(client: Client, content: bytes) -> None:
    receipt = receipt_of(client, content)
    assert receipt.chain_head is UNSET
    assert receipt.is_signed_by(client.key())
    assert "chain_head" not in client.ask("GET", f"/receipts/{receipt.sha256}").json()


def test_only_a_manifests_name_makes_it_one(client: Client) -> None:
    assert receipt_of(client, told(), NAME.replace(".json", ".mp3")).chain_head is UNSET


def test_a_manifest_whose_name_was_taken_is_a_manifest(client: Client) -> None:
    assert receipt_of(client, b"another").chain_head is UNSET
    assert receipt_of(client, told()).chain_head == HEAD


def test_a_receipt_from_before_is_signed_as_it_was() -> None:
    key = Ed25519PrivateKey.generate()
    old = (
        b'{"receipt_id":"r","server":"s","tier":"hub","sha256":"00","size":1,"stored_at":"2026-02-11T09:00:00Z",'
        b'"method":"server-hash","signature":"%s"}'
    )
    canonical = (
        b'{"method":"server-hash","receipt_id":"r","server":"s","sha256":"00","signature":null,"size":1,'
        b'"stored_at":"2026-02-11T09:00:00Z","tier":"hub"}'
    )
    receipt = msgspec.json.decode(old % b64encode(key.sign(canonical)), type=Receipt)
    assert receipt.chain_head is UNSET
    assert receipt.is_signed_by(key.public_key())
