"""What the centre makes of files a school may send: anything, of any size, and nothing of it ends the reading."""

import json
import tracemalloc

import pytest

from sync.exchange.centre import reading
from sync.exchange.centre.markup import document, harmless, tag, visible
from sync.exchange.centre.reading import MOST_BYTES, Broken, FactKind, Recording, Released

PACKAGE = {
    "schema": 1, "school": "701020", "school_name": "СОШ", "exam_date": "2026-02-11", "version": 1, "by": "Петрова",
    "released_at": "2026-02-11T12:00:00Z", "scheme": 2, "recording": "both", "papers_way": "scans", "rows": [],
    "files": [],
}  # fmt: skip
MANIFEST = {
    "schema": 1, "kind": "participant", "exam_date": "2026-02-11", "room": "201", "school": "701020", "station": "pc",
    "participant": {"number": 1, "surname": "Иванов", "first_name": "Иван"}, "size": 1, "sha256": "0" * 64,
    "started_at": "2026-02-11T09:00:00+07:00", "ended_at": "2026-02-11T09:15:00+07:00",
    "audio": {"file": "a.wav", "format": "wav", "sample_rate": 48000, "channels": 1, "frames": 1},
}  # fmt: skip
ROOM = {
    "schema": 1, "exam_date": "2026-02-11", "room": "201", "school": "701020", "station": "pc", "number": 1,
    "scheme": 2, "recording": "both", "until": "2026-02-11T15:00:00+07:00", "journal": "0" * 64,
}  # fmt: skip
ROW = {"number": 1, "surname": "Иванов", "first_name": "Иван", "cells": {}}
TAKE = {"room": "1", "station": "s", "stem": "s", "number": 1, "variant": None, "ended_at": None, "decision": None,
        "source": "microphone", "started_at": "2026-02-11T09:00:00"}  # fmt: skip
DEEP = b'{"verdict":' + b'{"a":' * 100_000


def told(**changed: object) -> bytes:
    return json.dumps(PACKAGE | changed).encode()


HOSTILE: dict[str, tuple[FactKind, bytes]] = {
    "no JSON": ("package", b"\xff\xfe nothing"),
    "empty": ("room", b""),
    "deep": ("recording", DEEP),
    "deep and unknown": ("package", told(x=1)[:-1] + b',"y":' + b"[" * 100_000),
    "larger than any": ("package", b"[" * (MOST_BYTES["package"] + 1)),
    "a package's many people": ("package", told(rows=[{}] * 200_000)),
    "a package's many files": ("package", told(files=[{}] * 200_000)),
    "one person twice": ("package", told(rows=[ROW, ROW])),
    "a person without a number": ("package", told(rows=[ROW | {"number": -1}])),
    "a version of its own": ("package", told(version=10**9)),
    "a schema to come": ("package", told(schema=99)),
    "no zone": ("package", told(released_at="2026-02-11T12:00:00")),
    "a take without a zone": ("package", told(rows=[ROW | {"takes": [TAKE]}])),
    "a name without end": ("recording", json.dumps(MANIFEST | {"variant": "я" * 100_000}).encode()),
    "a number without end": ("recording", json.dumps(MANIFEST | {"take": 10**400}).encode()),
    "a lone surrogate": ("recording", json.dumps(MANIFEST | {"variant": "\ud800"}).encode()),
    "nobody's recording": ("recording", json.dumps(MANIFEST | {"participant": None}).encode()),
    "a recording without a zone": ("recording", json.dumps(MANIFEST | {"started_at": "2026-02-11T09:00:00"}).encode()),
    "copies": ("recording", json.dumps(MANIFEST | {"deliveries": [MANIFEST["audio"] | {
        "size": 1, "sha256": "", "encoder": ""}] * 99}).encode()),
    "a room's crowd": ("room", json.dumps(ROOM | {"listed": [
        {"number": 1, "surname": "", "first_name": ""}] * 3_000}).encode()),
    "a day without an end": ("room", json.dumps(ROOM | {"until": "9999-99-99"}).encode()),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_whatever_comes_is_broken_in_words_and_costs_little(case: str) -> None:
    kind, content = HOSTILE[case]
    tracemalloc.start()
    fact = reading.read(kind, content, "имя.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(fact, Broken), fact
    assert fact.reason.ru
    assert peak < 64 << 20


def test_what_is_right_is_read_and_only_what_is_needed_is_kept() -> None:
    manifest = MANIFEST | {"verdict": {"grade": "warn", "more": [1] * 1000}, "gaps": [], "invented": {"later": 1}}
    fact = reading.read("recording", json.dumps(manifest).encode(), "имя.json")
    assert isinstance(fact, Recording)
    assert fact.told.verdict == {"grade": "warn"}
    package = reading.read("package", told(rows=[ROW]), "имя.json")
    assert isinstance(package, Released)
    assert package.version == 1


def test_a_file_is_looked_at_by_what_its_name_says() -> None:
    kinds = {
        "11.02.2026_701020_комплект_01.json": "package",
        "11.02.2026_701020_комплект_01~0a1b2c3d.json": "package",
        "11.02.2026_201_701020_ведомость_02.json": "room",
        "11.02.2026_201_701020_Иванов И.json": "recording",
        "11.02.2026_201_701020_Иванов И~0a1b2c3d.json": "recording",
        "11.02.2026_201_701020_поток_01.json": "recording",
        "11.02.2026_201_701020_Иванов И.mp3": None,
        "что-то.json": None,
    }
    assert {name: reading.kind_of(name) for name in kinds} == kinds


def test_nothing_from_outside_is_markup_or_hides_in_it() -> None:
    name = '<script>alert(1)</script>"onload=x\n\u202e\u200bend'
    page = document("t", "/s", tag("p", name, title=name))
    assert "<script" not in page
    assert 'title="&lt;script&gt;' in page
    assert not {"\u202e", "\u200b"} & set(tag("p", name))
    assert len(visible("я" * 10_000)) < 400


@pytest.mark.parametrize("text", ["=1+1", "+7", "-1", "@x", "\t=1"])
def test_a_spreadsheet_takes_no_name_for_a_formula(text: str) -> None:
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t"))
