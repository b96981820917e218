"""What an S3 may answer instead of storing: each refusal is an error of the right kind, and none is taken for more."""

from collections.abc import Iterator

import pytest
from s3_impostor import Told, s3_impostor

from exam.errors import ExamError, Fatal, Rejected, Transient
from sync.plan import Item
from sync.transports import storage_words
from sync.transports.bucket import Bucket, Part
from sync.transports.s3 import Objects
from sync.transports.signing import Signer

SECRET = "never-to-be-seen"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>5</Size><ETag>&b;</ETag></Part>
</ListPartsResult>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><ListPartsResult><IsTruncated>&a;</IsTruncated>
</ListPartsResult>"""


@pytest.fixture
def told() -> Iterator[Told]:
    with s3_impostor() as answers:
        yield answers


def bucket(told: Told) -> Bucket:
    return Bucket(f"http://127.0.0.1:{told.port}", "recordings", "key", SECRET)


def error_xml(code: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "word"),
    [
        (403, "SignatureDoesNotMatch", Fatal, "wrong_keys"),
        (403, "InvalidAccessKeyId", Fatal, "wrong_keys"),
        (403, "AccessDenied", Fatal, "wrong_keys"),
        (403, "RequestTimeTooSkewed", Fatal, "clock"),
        (404, "NoSuchBucket", Fatal, "no_bucket"),
        (301, "PermanentRedirect", Fatal, "moved"),
        (307, "", Fatal, "moved"),
        (400, "AuthorizationHeaderMalformed", Fatal, "moved"),
        (404, "", Fatal, "misdirected"),
        (503, "SlowDown", Transient, "server_busy"),
        (500, "InternalError", Transient, "server_busy"),
        (400, "RequestTimeout", Transient, "server_busy"),
        (400, "BadDigest", Transient, "server_busy"),
        (409, "ConditionalRequestConflict", Transient, "server_busy"),
        (502, "", Transient, "server_busy"),
        (507, "XMinioStorageFull", Transient, "no_room"),
        (403, "QuotaExceeded", Transient, "no_room"),
        (400, "EntityTooLarge", Rejected, "refused"),
    ],
)
def test_a_refusal_is_what_it_means(told: Told, status: int, code: str, kind: type[ExamError], word: str) -> None:
    told.status, told.body = status, error_xml(code) if code else b"<html>no</html>"
    told.headers = {"Location": "http://elsewhere.example/", "Retry-After": "7"}
    with pytest.raises(kind) as refused:
        bucket(told).put("a", b"content")
    assert refused.value.code == word
    assert SECRET not in f"{refused.value.ru} {refused.value.en}"
    if isinstance(refused.value, Transient):
        assert refused.value.retry_after == 7


def test_a_refusal_told_with_200_is_one(told: Told) -> None:
    """Putting parts together takes minutes: the storage says 200 at once, and what became of it in the body."""
    told.body = error_xml("InternalError")
    with pytest.raises(Transient):
        bucket(told).complete("a", "u", [Part(1, 5, '"etag"')])


@pytest.mark.parametrize(
    "body",
    [BOMB, OUTSIDE, b"<html>log in", b"", b"\xff\xfe\x00", b"<a>" * 100_000, b"<ListPartsResult/>"],
    ids=["bomb", "outside entity", "page", "nothing", "no text", "deep", "empty"],
)
def test_an_answer_that_is_no_s3s_is_garbled(told: Told, body: bytes) -> None:
    told.body = body
    with pytest.raises(Transient) as garbled:
        bucket(told).parts("a", "u")
    assert garbled.value.code == "garbled"


def test_an_answer_without_end_is_not_listened_to(told: Told) -> None:
    told.body, told.times = b" " * 1_000_000, 1000
    with pytest.raises(Transient):
        bucket(told).parts("a", "u")
    assert told.sent < 50_000_000
    assert storage_words.MAX_BYTES < 5_000_000


def test_a_storage_that_knows_no_conditions_is_asked_for_the_name_first(told: Told) -> None:
    told.objects = {"/recordings/taken": b"foreign"}
    storage = bucket(told)
    assert storage.put("free", b"content")
    assert not storage.put("taken", b"content")
    assert not storage.complete("taken", "u", [Part(1, 7, "etag")])
    assert storage.complete("parts", "u", [Part(1, 7, "etag")])
    assert sorted(told.objects) == ["/recordings/free", "/recordings/parts", "/recordings/taken"]
    assert (told.objects["/recordings/free"], told.objects["/recordings/taken"]) == (b"content", b"foreign")


def test_a_listing_that_goes_in_circles_ends(told: Told) -> None:
    told.body = (
        b"<ListPartsResult><IsTruncated>true</IsTruncated>"
        b"<Part><PartNumber>1</PartNumber><Size>5</Size><ETag>e</ETag></Part></ListPartsResult>"
    )
    with pytest.raises(Transient):
        bucket(told).parts("a", "u")


def test_a_name_longer_than_a_key_is_refused_alone(told: Told) -> None:
    transport = Objects(bucket(told), "p" * 900, "address", "hub")
    with pytest.raises(Rejected):
        transport.create(Item("d/" + "Ж" * 100, "participant", "0" * 64, 5))


@pytest.mark.parametrize("text", ["-5", "5.0", "9" * 30, "٥", None])
def test_a_size_that_is_none_is_garbled(text: str | None) -> None:
    with pytest.raises(Transient):
        storage_words.number(text)


def test_a_clock_beyond_belief_is_nobodys() -> None:
    signer = Signer("key", SECRET, "r")
    assert not signer.learn("Mon, 01 Jan 99999999999 00:00:00 GMT")
    assert not signer.learn("Fri, 31 Dec 9999 23:59:59 GMT")
    assert signer.learn("Thu, 01 Jan 1970 00:00:00 GMT")
