"""What stands beside the stream's audio: chain file, journal, manifests, takes without one; and `verify --head`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from days import Room, audio_of
from forger import edit, forge, paper
from tampered import PART_1, PART_2, TEN, bit, lines_of, located

from station import chain
from station.recovery import replay
from station.session import commands as ask
from station.verify import verify


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines.pop(),
        lambda lines: lines.pop(3),
        lambda lines: lines.clear(),
        lambda lines: lines.insert(3, lines[3]),
        lambda lines: lines.append(lines[-1]),
        lambda lines: lines.append(b"torn"),
        lambda lines: lines.__setitem__(4, lines[4].replace(b"0", b"1")),
        lambda lines: lines.__setitem__(4, b"x" + lines[4]),
        lambda lines: lines.reverse(),
    ],
)
def test_an_altered_chain_file_is_named_and_the_audio_is_not(
    two_parts: Path, change: Callable[[list[bytes]], object]
) -> None:
    path = chain.path_of(two_parts / PART_1)
    lines_of(path, change)
    assert {breach.file for breach in verify(two_parts).breaches} == {path.name}
    assert path.name in {breach.file for breach in verify(two_parts, paper(two_parts)).breaches}


def test_a_chain_file_that_is_gone_is_missed(two_parts: Path) -> None:
    path = chain.path_of(two_parts / PART_2)
    path.unlink()
    assert [(breach.invariant, breach.file) for breach in verify(two_parts).breaches] == [(6, path.name)]


def test_a_head_altered_in_the_journal_is_named(two_parts: Path) -> None:
    entries = [json.loads(line) for line in (two_parts / "journal.jsonl").read_text().splitlines()]
    noted = [entry for entry in entries if entry["type"] == "chain_head"][1]
    noted["head"] = "0" * 64
    (two_parts / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert located(verify(two_parts).breaches) == [(PART_1, TEN, noted["frame"])]


def test_a_chain_altered_in_the_manifest_is_named(two_parts: Path) -> None:
    path = two_parts / PART_1.replace(".wav", ".json")
    told = json.loads(path.read_bytes())
    told["chain"]["blocks"] += 1
    path.write_text(json.dumps(told, ensure_ascii=False))
    texts = [breach.text for breach in verify(two_parts).breaches if breach.file == path.name]
    assert any("цепочка" in text for text in texts)


# -- takes without a manifest --------------------------------------------------------------------------------

CANCELLED = "11.02.2026_265_701020_Сидоров О.wav"


def test_a_cancelled_take_that_was_deleted_or_altered_is_named(two_parts: Path) -> None:
    whole = audio_of(two_parts / CANCELLED)
    edit(two_parts / CANCELLED, bit(5000))
    assert [(breach.invariant, breach.file) for breach in verify(two_parts).breaches] == [(3, CANCELLED)]
    for other in (whole[:-2], whole + b"\0\0", b""):
        edit(two_parts / CANCELLED, lambda _, other=other: other)  # type: ignore[misc]
        assert {(breach.invariant, breach.file) for breach in verify(two_parts).breaches} == {(3, CANCELLED)}
    (two_parts / CANCELLED).unlink()
    assert [(breach.invariant, breach.file) for breach in verify(two_parts).breaches] == [(4, CANCELLED)]


def test_a_tape_whose_take_got_another_name_is_kept_whole(room: Room) -> None:
    room.hear(3)
    room.do(ask.Open())
    room.hear(5)
    room.do(ask.Start(participant=1))
    room.hear(10)
    room.do(ask.Reassign(take="11.02.2026_265_701020_Иванов И", to=2, reason="перепутали"))
    room.hear(5)
    assert verify(room.folder).ok
    room.do(ask.Stop())
    room.hear(3)
    room.do(ask.Close())
    room.hear(4)
    room.published(2)
    assert verify(room.folder).ok
    tape = room.folder / "11.02.2026_265_701020_Иванов И.wav"
    whole = tape.read_bytes()
    tape.unlink()  # its bytes are those of the new name, too
    tape.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert (3, tape.name) in {(breach.invariant, breach.file) for breach in verify(room.folder).breaches}
    tape.unlink()
    assert [(breach.invariant, breach.file) for breach in verify(room.folder).breaches] == [(4, tape.name)]
    tape.write_bytes(whole)
    assert verify(room.folder).ok


def test_a_school_that_records_the_stream_alone_has_no_tapes_to_miss(tmp_path: Path) -> None:
    with Room(tmp_path, recording="stream") as room:
        room.hear(3)
        room.do(ask.Open())
        room.hear(5)
        room.do(ask.Start(participant=1))
        room.hear(10)
        room.do(ask.Cancel())
        room.hear(5)
        assert verify(room.folder).ok


def test_a_stream_part_that_is_gone_before_its_manifest_was_due_is_missed(room: Room) -> None:
    room.hear(3)
    room.do(ask.Open())
    room.hear(5)
    part = replay(room.folder).parts[0].file
    room.stop()
    room.start()
    (room.folder / part).unlink()
    assert part in {breach.file for breach in verify(room.folder).breaches}


def test_a_file_left_half_written_is_a_note_and_no_breach(two_parts: Path) -> None:
    (two_parts / ".part-0123456789abcdef").write_bytes(b"half")
    report = verify(two_parts)
    assert report.ok
    assert [note.file for note in report.notes] == [".part-0123456789abcdef"]


# -- the command ---------------------------------------------------------------------------------------------


def station(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "station.cli", "verify", *words], capture_output=True, text=True, check=False
    )


def test_printed_heads_are_read_back_and_typed_heads_as_people_type(two_parts: Path, tmp_path: Path) -> None:
    printed = station(str(two_parts), "--heads")
    assert printed.returncode == 0
    assert printed.stdout.count("\n") == 5
    rows = json.loads(station(str(two_parts), "--heads", "--json").stdout)
    assert [row["participant"] for row in rows] == [None, 1, None, None, 2]
    assert all(row["head"].startswith(row["printed"].replace(" ", "")) for row in rows)
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("# room 265\n\n" + printed.stdout, encoding="utf-8")
    typed = rows[0]["printed"].upper().replace(" ", "  ")[:17]
    found = station(str(two_parts), "--head", str(sheet), "--head", typed, "--json")
    assert (found.returncode, json.loads(found.stdout)["confirmed"]) == (0, 6)
    edit(two_parts / PART_2, bit(0))
    forge(two_parts)
    exposed = station(str(two_parts), "--head", str(sheet), "--head", typed)
    assert exposed.returncode == 1
    assert "00:00:00–00:00:10, отсчёты 0–80000" in exposed.stdout
    assert "(и ещё 1)" in exposed.stdout
    assert exposed.stdout.endswith("Подтверждено контрольных кодов: 4/6\n")


@pytest.mark.parametrize("typed", ["ab12 cd34", "xyz", "", "/no/such/file", "ab" * 33])
def test_what_is_no_head_is_wrong_usage(two_parts: Path, typed: str) -> None:
    refused = station(str(two_parts), "--head", typed)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
