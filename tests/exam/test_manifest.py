"""Manifests: what is written is read back; what is broken, foreign or hostile is refused with its name."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from exam import manifest
from exam.audio import FrameSpan, Gap, Mark
from exam.errors import Rejected
from exam.manifest import Audio, Delivery, Manifest, Person
from exam.names import Kind
from exam.roster import Participant

TOMSK = timezone(timedelta(hours=7))
STEM = "11.02.2026_265_701020_Иванов И"
TAKE = Manifest(
    kind=Kind.PARTICIPANT,
    exam_date=date(2026, 2, 11),
    room="265",
    school="701020",
    station="exam-station 0.1",
    participant=Person.of(Participant(7, "Иванов", "Иван", "Ильич", "9А")),
    take=1,
    variant="3",
    started_at=datetime(2026, 2, 11, 9, 0, 5, 250000, TOMSK),
    ended_at=datetime(2026, 2, 11, 9, 16, 0, tzinfo=TOMSK),
    audio=Audio(f"{STEM}.wav", "wav", 48000, 1, 45_828_000),
    spans=(FrameSpan("11.02.2026_265_701020_поток_01.wav", 1000, 45_828_000),),
    gaps=(Gap(10, 20, "device_lost"),),
    marks=(Mark(1, 4800),),
    outcome="accepted",
    listened=12.5,
    verdict={"level": {"dbfs": -23.1}},
    size=91_656_080,
    sha256="0" * 64,
    deliveries=(Delivery(f"{STEM}.mp3", "mp3", 45_828_000, 7_640_000, "1" * 64, "lame"),),
)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.sampled_from([UTC, TOMSK]))  # noqa: DTZ001


def edited(tmp_path: Path, **fields: Any) -> Path:
    """A published manifest with some keys changed by hand."""
    path = manifest.publish(TAKE, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | fields), encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(Rejected) as error:
        manifest.load(path)
    assert path.name in error.value.ru
    assert error.value.code == "bad_manifest"
    return error.value.ru


def test_it_lies_beside_its_master_and_reads_back(tmp_path: Path) -> None:
    path = manifest.publish(TAKE, tmp_path)
    assert path == tmp_path / f"{STEM}.json"
    assert manifest.load(path) == TAKE
    assert manifest.stem_of(path) == TAKE.stem == STEM


def test_the_keys_are_the_contracts(tmp_path: Path) -> None:
    keys = json.loads(manifest.publish(TAKE, tmp_path).read_bytes())
    assert keys["schema"] == 1
    assert keys["kind"] == "participant"
    assert keys["exam_date"] == "2026-02-11"
    assert keys["started_at"] == "2026-02-11T09:00:05.250000+07:00"
    assert keys["participant"] == {
        "number": 7, "surname": "Иванов", "first_name": "Иван", "patronymic": "Ильич", "class": "9А",
    }  # fmt: skip
    assert keys["audio"] == {
        "file": f"{STEM}.wav", "format": "wav", "sample_rate": 48000, "channels": 1, "frames": 45_828_000,
    }  # fmt: skip
    assert keys["gaps"] == [{"first_frame": 10, "frames": 20, "reason": "device_lost"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(Kind),
    started_at=TIMES,
    listened=st.none() | st.just("declined") | st.floats(0, 1e4),
    gaps=st.lists(st.builds(Gap, st.integers(0), st.integers(1, 1 << 40), st.just("dropped"))).map(tuple),
    flags=st.lists(st.text()).map(tuple),
    variant=st.none() | st.text(),
)
def test_any_manifest_reads_back(tmp_path: Path, **fields: Any) -> None:
    changed = replace(TAKE, **fields)
    path = manifest.publish(changed, tmp_path)
    try:
        assert manifest.load(path) == changed
    finally:
        path.unlink()


def test_a_published_manifest_is_never_replaced(tmp_path: Path) -> None:
    path = manifest.publish(TAKE, tmp_path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        manifest.publish(replace(TAKE, take=2), tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    assert manifest.load(edited(tmp_path, added_later={"x": 1})) == TAKE


def test_another_schema_is_refused(tmp_path: Path) -> None:
    assert "версия 2, эта программа знает 1" in refused(edited(tmp_path, schema=2))


@pytest.mark.parametrize("name", ["../x.wav", "/etc/passwd", "a\\b.wav", "..", ".", "", "a\0b"])
@pytest.mark.parametrize("place", ["audio", "deliveries"])
def test_file_names_that_point_elsewhere_are_refused(tmp_path: Path, name: str, place: str) -> None:
    audio = {"file": name, "format": "wav", "sample_rate": 48000, "channels": 1, "frames": 1}
    delivery = {"file": name, "format": "mp3", "frames": 1, "size": 1, "sha256": "", "encoder": ""}
    content: Any = audio if place == "audio" else [delivery]
    assert "указывает в другую папку" in refused(edited(tmp_path, **{place: content}))


@pytest.mark.parametrize(
    ("key", "value"), [("size", "many"), ("kind", "film"), ("exam_date", "11.02.2026"), ("gaps", {})]
)
def test_a_wrong_value_is_refused_by_its_key(tmp_path: Path, key: str, value: Any) -> None:
    assert f"$.{key}" in refused(edited(tmp_path, **{key: value}))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"{STEM}.json"
    path.write_bytes(content)
    assert "испорчено" in refused(path)


def test_an_absent_manifest_is_the_disks_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        manifest.load(tmp_path / "none.json")


def test_a_manifest_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "глубоко.json"
    path.write_text('{"verdict": ' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(Rejected, match="глубоко"):
        manifest.load(path)
