"""Scanning: what counts as finished, what is wrong is said, and nothing wrong hides the rest."""

import os
import time
from contextlib import closing
from pathlib import Path

import pytest
from school import DAY, School, noise, sha256, wait_for

from exam.clock import NS_PER_S
from exam.durable import TEMPORARY_PREFIX
from exam.errors import Fatal
from exam.names import Kind
from sync.ledger import Ledger
from sync.life import Wake
from sync.plan import Found
from sync.watch import Watch, scan


def look(school: School, *, streams: bool = True) -> dict[str, Found]:
    return {
        found.item.path.removeprefix(f"{DAY}/"): found for found in scan([school.recordings], streams=streams).found
    }


def test_a_recording_counts_once_its_manifest_exists(school: School) -> None:
    school.day.mkdir(parents=True)
    (school.day / "11.02.2026_265_701020_Иванов И.wav").write_bytes(b"still being written")
    (school.day / f"{TEMPORARY_PREFIX}0123.json").write_bytes(b"{")
    (school.day / "journal.jsonl").write_bytes(b"{}")
    assert look(school) == {}


def test_the_delivery_goes_before_its_manifest(school: School) -> None:
    stem = school.record("Иванов И", noise(1000), delivery=b"mp3")
    recording, manifest = scan([school.recordings], streams=True).found
    assert (recording.item.path, recording.item.kind) == (f"{DAY}/{stem}.mp3", "participant")
    assert (recording.item.sha256, recording.item.size) == (sha256(b"mp3"), 3)
    assert (manifest.item.kind, manifest.after) == ("manifest", recording.item.key)


def test_streams_only_when_wanted_and_rehearsals_never(school: School) -> None:
    school.record("поток_01", noise(10), kind=Kind.STREAM)
    school.record("проба_01", noise(10), kind=Kind.REHEARSAL)
    assert len(look(school)) == 2
    assert look(school, streams=False) == {}


def test_a_recording_in_two_folders_is_one_item(school: School) -> None:
    school.record("Иванов И", noise(10))
    assert len(scan([school.recordings, school.recordings], streams=True).found) == 2


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"sha256": "../../../etc/passwd"}, "make no sense"),
        ({"sha256": ""}, "make no sense"),
        ({"size": -1}, "make no sense"),
        ({"size": 2**63}, "make no sense"),
        ({"size": 11}, "has 10 bytes, its manifest says 11"),
    ],
)
def test_a_manifest_that_cannot_be_true(school: School, told: dict[str, object], problem: str) -> None:
    stem = school.record("Иванов И", noise(10), **told)
    found = look(school)[f"{stem}.wav"]
    assert found.problem is not None
    assert problem in found.problem.en


def test_a_missing_recording_and_a_link_are_problems(school: School) -> None:
    stem = school.record("Иванов И", noise(10))
    file = school.day / f"{stem}.wav"
    file.rename(school.day / "elsewhere")
    missing = look(school)[f"{stem}.wav"]
    file.symlink_to(school.day / "elsewhere")
    link = look(school)[f"{stem}.wav"]
    assert missing.problem is not None
    assert link.problem is not None
    assert missing.fingerprint != link.fingerprint


def test_a_missing_folder_is_said_and_hides_nothing(school: School, tmp_path: Path) -> None:
    school.record("Иванов И", noise(10))
    found = scan([tmp_path / "none", school.recordings], streams=True).found
    assert [one.item.kind for one in found] == ["folder", "participant", "manifest"]


def test_a_name_that_is_not_utf8_is_said(school: School) -> None:
    stem = school.record("Иванов И", noise(10))
    path = os.fsencode(school.day / f"{stem}.json")
    os.rename(path, path.replace(b".json", b"\xff.json"))  # noqa: PTH104 - a name of bytes
    (found,) = scan([school.recordings], streams=True).found
    assert found.problem is not None
    assert "\\xff" in found.item.path


def test_a_name_that_is_not_utf8_is_never_asked_of_the_ledger(school: School, tmp_path: Path) -> None:
    """SQLite takes no such text."""
    stem = school.record("Иванов И", noise(10))
    path = os.fsencode(school.day / f"{stem}.json")
    os.rename(path, path.replace(b".json", b"\xff.json"))  # noqa: PTH104 - a name of bytes
    with closing(Ledger(tmp_path)) as ledger:
        seen = scan([school.recordings], streams=True, known=ledger.told)
        ledger.note_manifests(seen.read, seen.places)
        assert [one.problem is not None for one in seen.found] == [True]


@pytest.mark.parametrize("what", ["pipe", "device", "enormous"])
def test_what_only_looks_like_a_manifest_is_not_opened(school: School, what: str) -> None:
    """A pipe would be waited for, a device read for ever: nothing else would be delivered any more."""
    school.record("Иванов И", noise(10))
    place = school.day / "странное.json"
    if what == "pipe":
        os.mkfifo(place)
    elif what == "device":
        place.symlink_to("/dev/zero")
    else:
        with place.open("wb") as file:
            file.truncate(1 << 40)
    found = {one.item.path: one for one in scan([school.recordings], streams=True).found}
    assert len(found) == 3
    problem = found[f"{DAY}/странное.json"].problem
    assert problem is not None
    assert "restore the manifest" in problem.en


def test_a_published_manifest_wakes(school: School) -> None:
    wake = Wake()
    watch = Watch([school.recordings], wake)
    watch.look()  # nothing to watch yet
    school.day.mkdir(parents=True)
    watch.look()
    try:
        wait_for(lambda: _recorded_and_woken(school, wake))
    finally:
        watch.close()


def test_looking_does_not_wake(school: School) -> None:
    """Else every look would cause the next one."""
    school.record("Иванов И", noise(10))
    wake = Wake()
    watch = Watch([school.recordings], wake)
    watch.look()
    try:
        wait_for(lambda: _recorded_and_woken(school, wake))
        wake.clear()
        for _ in range(3):
            scan([school.recordings], streams=True)
        assert not wake.wait(0.5)
    finally:
        watch.close()


def _recorded_and_woken(school: School, wake: Wake) -> bool:
    """Inotify starts in its own time, so recordings are published until one is noticed."""
    school.record(f"Иванов {len(list(school.day.iterdir()))}", noise(10))
    return wake.wait(0.2)


@pytest.mark.parametrize(("idle_s", "copied"), [(1, True), (29, True), (31, False), (-1, True), (-60, False)])
def test_a_short_recording_is_still_copied_until_it_has_rested(
    school: School, monkeypatch: pytest.MonkeyPatch, idle_s: int, copied: bool
) -> None:
    stem = school.record("Иванов И", noise(10), size=11)
    rested = (school.day / f"{stem}.wav").stat().st_ctime_ns + idle_s * NS_PER_S
    monkeypatch.setattr(time, "time_ns", lambda: rested)
    assert look(school)[f"{stem}.wav"].settled is not copied


@pytest.mark.parametrize(("idle_s", "written"), [(1, True), (3, False), (-1, True), (-60, False)])
def test_half_a_manifest_is_still_written_until_it_has_rested(
    school: School, monkeypatch: pytest.MonkeyPatch, idle_s: int, written: bool
) -> None:
    school.day.mkdir(parents=True)
    place = school.day / "11.02.2026_265_701020_Иванов И.json"
    place.write_text("{")
    rested = place.stat().st_ctime_ns + idle_s * NS_PER_S
    monkeypatch.setattr(time, "time_ns", lambda: rested)
    (found,) = look(school).values()
    assert found.problem is not None
    assert found.settled is not written


def test_a_ledger_that_fails_is_no_fault_of_the_manifest(school: School) -> None:
    school.record("Иванов И", noise(10))

    def failing(_place: str) -> None:
        raise Fatal("диск", "disk", code="ledger_unusable")

    with pytest.raises(Fatal, match="диск"):
        scan([school.recordings], streams=True, known=failing)
