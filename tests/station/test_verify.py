"""`verify` names whatever is wrong with a day: each test spoils one thing of a good one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from days import IVANOV, PETROVA, STREAM, Entries, Room

from exam.errors import Rejected
from station.session import commands as ask
from station.tape import HEADER_BYTES
from station.verify import verify

JOURNAL = "journal.jsonl"
Spoil = Callable[[Path], None]


def breaches(folder: Path) -> set[tuple[int, str]]:
    return {(breach.invariant, breach.file) for breach in verify(folder).breaches}


def flip(name: str, at: int = HEADER_BYTES + 5000) -> Spoil:
    """One bit of one byte."""

    def spoil(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at % len(content)] ^= 1
        (folder / name).write_bytes(content)

    return spoil


def rename(name: str, to: str) -> Spoil:
    return lambda folder: (folder / name).rename(folder / to) and None


def remove(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def cut(name: str, by: int = 2) -> Spoil:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-by]) and None


def told(stem: str, change: Callable[[dict[str, Any]], object]) -> Spoil:
    """The manifest altered."""

    def spoil(folder: Path) -> None:
        path = folder / f"{stem}.json"
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document, ensure_ascii=False))

    return spoil


def journal(change: Callable[[Entries], object]) -> Spoil:
    """The journal's lines altered."""

    def spoil(folder: Path) -> None:
        entries = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
        change(entries)
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
        (folder / JOURNAL).write_text("".join(lines))

    return spoil


def entry(entries: Entries, kind: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["type"] == kind)


BYTES: list[tuple[str, Spoil, set[tuple[int, str]]]] = [
    ("a master's sound", flip(f"{IVANOV}.wav"), {(6, f"{IVANOV}.wav"), (3, f"{IVANOV}.wav")}),
    ("a master's header", flip(f"{IVANOV}.wav", 76), {(6, f"{IVANOV}.wav"), (2, f"{IVANOV}.wav")}),
    ("a master's mark", flip(f"{IVANOV}.wav", 8), {(6, f"{IVANOV}.wav"), (2, f"{IVANOV}.wav")}),
    ("a master cut", cut(f"{IVANOV}.wav"), {(6, f"{IVANOV}.wav"), (2, f"{IVANOV}.wav")}),
    ("a delivery", flip(f"{PETROVA}.mp3"), {(6, f"{PETROVA}.mp3")}),
    ("a delivery cut", cut(f"{PETROVA}.mp3"), {(6, f"{PETROVA}.mp3")}),
    ("the stream within a take", flip(f"{STREAM}.wav"), {(6, f"{STREAM}.wav"), (3, f"{IVANOV}.wav")}),
    ("the stream outside takes", flip(f"{STREAM}.wav", HEADER_BYTES + 100), {(6, f"{STREAM}.wav")}),
    ("the stream within a gap", flip(f"{STREAM}.wav", HEADER_BYTES + 2 * 25000), {(1, f"{STREAM}.wav")}),
    ("the stream cut", cut(f"{STREAM}.wav"), {(6, f"{STREAM}.wav"), (2, f"{STREAM}.wav")}),
]  # fmt: skip
NAMES: list[tuple[str, Spoil, set[tuple[int, str]]]] = [
    ("master renamed", rename(f"{IVANOV}.wav", "x.wav"), {(6, f"{IVANOV}.wav"), (4, "x.wav")}),
    ("delivery renamed", rename(f"{IVANOV}.mp3", "x.mp3"), {(6, f"{IVANOV}.mp3")}),
    ("manifest renamed", rename(f"{IVANOV}.json", "x.json"), {(4, "x.json"), (6, f"{IVANOV}.json")}),
    ("stream renamed", rename(f"{STREAM}.wav", "x.wav"), {(6, f"{STREAM}.wav"), (3, f"{STREAM}.wav")}),
    ("journal renamed", rename(JOURNAL, "x.jsonl"), {(10, JOURNAL)}),
    ("master gone", remove(f"{IVANOV}.wav"), {(6, f"{IVANOV}.wav")}),
    ("delivery gone", remove(f"{IVANOV}.mp3"), {(6, f"{IVANOV}.mp3")}),
    ("manifest gone", remove(f"{IVANOV}.json"), {(6, f"{IVANOV}.json")}),
    ("stream's manifest gone", remove(f"{STREAM}.json"), {(6, f"{STREAM}.json")}),
]  # fmt: skip


def shift(key: str, by: int) -> Callable[[dict[str, Any]], object]:
    return lambda thing: thing.__setitem__(key, thing[key] + by)


def put(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.update(values)


MEANING: list[tuple[str, str, Callable[[dict[str, Any]], object], set[tuple[int, str]]]] = [
    ("span moved", IVANOV, lambda m: shift("first_frame", 1)(m["spans"][0]), {(3, f"{IVANOV}.wav"), (10, IVANOV)}),
    ("span shorter", IVANOV, lambda m: shift("frames", -1)(m["spans"][1]), {(3, f"{IVANOV}.wav"), (10, IVANOV)}),
    ("span before 0", IVANOV, lambda m: m["spans"][0].update(first_frame=-1), {(10, IVANOV)}),
    ("span beyond", IVANOV, lambda m: m["spans"][0].update(first_frame=1 << 40), {(3, f"{IVANOV}.wav")}),
    ("span lost", IVANOV, lambda m: m["spans"].pop(), {(3, f"{IVANOV}.wav"), (10, IVANOV)}),
    ("span elsewhere", IVANOV, lambda m: m["spans"][0].update(stream="no.wav"), {(3, "no.wav"), (10, IVANOV)}),
    ("gap moved", STREAM, lambda m: shift("first_frame", -9)(m["gaps"][0]), {(1, f"{STREAM}.wav"), (10, STREAM)}),
    ("gap shorter", STREAM, lambda m: shift("frames", -1)(m["gaps"][1]), {(10, STREAM)}),
    ("gap beyond", STREAM, lambda m: m["gaps"][1].update(frames=1 << 40), {(1, f"{STREAM}.wav")}),
    ("gap empty", STREAM, lambda m: m["gaps"][1].update(frames=0), {(1, f"{STREAM}.wav")}),
    ("gap lost", STREAM, lambda m: m["gaps"].pop(), {(10, STREAM)}),
    ("a take's gap lost", PETROVA, lambda m: m["gaps"].pop(), {(10, PETROVA)}),
    ("a take's gap moved", IVANOV, lambda m: shift("first_frame", 1)(m["gaps"][0]), {(1, f"{IVANOV}.wav")}),
    ("number", IVANOV, lambda m: m["participant"].update(number=2), {(10, IVANOV)}),
    ("surname", IVANOV, lambda m: m["participant"].update(surname="Иваненко"), {(4, f"{IVANOV}.wav")}),
    ("nobody", IVANOV, put(participant=None), {(4, f"{IVANOV}.wav"), (10, IVANOV)}),
    ("variant", IVANOV, put(variant="8"), {(10, IVANOV)}),
    ("take", IVANOV, put(take=2), {(4, f"{IVANOV}.wav"), (10, IVANOV)}),
    ("outcome", IVANOV, put(outcome="rejected"), {(10, IVANOV)}),
    ("listened", IVANOV, put(listened="declined"), {(10, IVANOV)}),
    ("flags", IVANOV, put(flags=["ended_by_close"]), {(10, IVANOV)}),
    ("replaces", IVANOV, put(replaces=PETROVA), {(10, IVANOV)}),
    ("begun", IVANOV, put(started_at="2026-02-11T10:00:00+07:00"), {(10, IVANOV)}),
    ("ended", STREAM, put(ended_at="2026-02-11T10:00:00+07:00"), {(10, STREAM)}),
    ("mark", IVANOV, lambda m: shift("frame", 1)(m["marks"][0]), {(10, IVANOV)}),
    ("room", IVANOV, put(room="266"), {(4, f"{IVANOV}.wav")}),
    ("kind", IVANOV, put(kind="rehearsal"), {(4, f"{IVANOV}.wav")}),
    ("rate", IVANOV, lambda m: m["audio"].update(sample_rate=16000), {(2, f"{IVANOV}.wav")}),
    ("frames", IVANOV, lambda m: shift("frames", 1)(m["audio"]), {(2, f"{IVANOV}.wav")}),
    ("hash", IVANOV, put(sha256="0" * 64), {(6, f"{IVANOV}.wav"), (6, f"{IVANOV}.json")}),
    ("class", IVANOV, lambda m: m["participant"].update({"class": "9Я"}), {(6, f"{IVANOV}.json")}),
    ("source", IVANOV, put(source="dictaphone"), {(6, f"{IVANOV}.json")}),
    ("copies left out", IVANOV, put(deliveries=[]), {(6, f"{IVANOV}.json")}),
    ("size", IVANOV, put(size=5), {(6, f"{IVANOV}.wav")}),
    ("copy's name", IVANOV, lambda m: m["deliveries"][0].update(file=f"{PETROVA}.mp3"), {(4, f"{PETROVA}.mp3")}),
    ("another folder", IVANOV, lambda m: m["audio"].update(file="../x.wav"), {(6, f"{IVANOV}.json")}),
    ("schema", IVANOV, put(schema=2), {(6, f"{IVANOV}.json")}),
]  # fmt: skip
LINES: list[tuple[str, Callable[[Entries], object], set[tuple[int, str]]]] = [
    ("first gone", lambda lines: lines.pop(0), {(10, JOURNAL)}),
    ("middle gone", lambda lines: lines.pop(3), {(10, JOURNAL)}),
    ("gap gone", lambda lines: lines.remove(entry(lines, "gap")), {(10, JOURNAL), (10, STREAM)}),
    ("swapped", lambda lines: lines.insert(5, lines.pop(3)), {(10, JOURNAL)}),
    ("twice", lambda lines: lines.insert(5, lines[5]), {(10, JOURNAL)}),
    ("participant", lambda lines: entry(lines, "take_started").update(participant=4), {(10, IVANOV)}),
    ("variant", lambda lines: entry(lines, "take_started").update(variant="9"), {(10, IVANOV)}),
    ("frame", lambda lines: shift("frame", 1)(entry(lines, "paused")), {(10, IVANOV)}),
    ("time", lambda lines: entry(lines, "stopped").update(wall="2026-02-11T10:00:00+07:00"), {(10, IVANOV)}),
    ("decision", lambda lines: entry(lines, "decided").update(decision="rejected"), {(10, IVANOV)}),
    ("hash", lambda lines: entry(lines, "published").update(sha256="0" * 64), {(6, f"{IVANOV}.json")}),
    ("stream's end", lambda lines: shift("frame", -1)(entry(lines, "stream_ended")), {(10, STREAM)}),
    ("unknown type", lambda lines: entry(lines, "paused").update(type="halted"), {(10, JOURNAL)}),
    ("without seq", lambda lines: lines[4].pop("seq"), {(10, JOURNAL)}),
]  # fmt: skip


def of(cases: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {"argvalues": [case[1:] for case in cases], "ids": [case[0] for case in cases]}


@pytest.mark.parametrize(("spoil", "named"), **of(BYTES + NAMES))
def test_a_spoilt_file_is_named(day: Path, spoil: Spoil, named: set[tuple[int, str]]) -> None:
    spoil(day)
    assert named <= breaches(day)


@pytest.mark.parametrize(("stem", "change", "named"), **of(MEANING))
def test_an_altered_manifest_is_named(
    day: Path, stem: str, change: Callable[[dict[str, Any]], object], named: set[tuple[int, str]]
) -> None:
    told(stem, change)(day)
    assert named <= breaches(day)


@pytest.mark.parametrize(("change", "named"), **of(LINES))
def test_an_altered_journal_is_named(
    day: Path, change: Callable[[Entries], object], named: set[tuple[int, str]]
) -> None:
    journal(change)(day)
    assert named <= breaches(day)


def test_an_untouched_day_passes_and_nothing_is_written(day: Path) -> None:
    def listing() -> list[tuple[str, int, int, int]]:
        paths = [day, *sorted(day.rglob("*"))]
        return [(path.name, path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]

    before = listing()
    report = verify(day)
    assert (report.ok, report.recordings, report.breaches) == (True, 3, ())
    assert listing() == before


def test_a_torn_last_line_and_an_empty_tape_are_no_breach(day: Path) -> None:
    with (day / JOURNAL).open("ab") as lines:
        lines.write(b'{"seq":19,"type":"day_op')
    (day / f"{PETROVA}_дубль_2.wav").write_bytes(b"")
    assert verify(day).ok


def test_a_recording_the_journal_does_not_know_is_named(day: Path) -> None:
    (day / f"{PETROVA}_дубль_2.wav").write_bytes((day / f"{PETROVA}.wav").read_bytes())
    assert breaches(day) == {(4, f"{PETROVA}_дубль_2.wav")}


def test_a_day_that_is_being_recorded_passes(room: Room) -> None:
    room.hear(2)
    room.do(ask.Start(participant=1))
    room.hear(4)
    room.do(ask.Pause())
    assert verify(room.folder).ok


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_what_is_no_day_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Rejected) as caught:
        verify(tmp_path / name)
    assert caught.value.code == "not_a_day"


def test_the_command_names_breaches_in_both_ways_and_exits_with_1(day: Path) -> None:
    command = [sys.executable, "-m", "station.cli", "verify", str(day)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    flip(f"{PETROVA}.mp3")(day)
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    assert plain.returncode == 1
    assert f"6: {PETROVA}.mp3" in plain.stdout
    told_as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    report = json.loads(told_as_json.stdout)
    assert (told_as_json.returncode, report["ok"], report["breaches"][0]["file"]) == (1, False, f"{PETROVA}.mp3")
