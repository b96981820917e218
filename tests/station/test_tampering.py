"""A day rewritten after the exam, however consistently, is exposed by the heads on paper, and located.

Two stream parts of 95 and 45 seconds; two takes and a cancelled one. Ten seconds are 80 000 frames here.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from days import RATE, Room, audio_of
from forger import Edit, bare, edit, forge, paper, sealed_again, streams

from exam.audio import FrameSpan
from station import chain
from station.heads import heads_for_paper
from station.journal import read as read_journal
from station.recovery import replay
from station.session import commands as ask
from station.verify import Breach, verify
from station.verify.claims import claim

TEN = 10 * RATE
MIDDLE = 3 * TEN + 4321
"""A frame of the first part, within its fourth block and the first take."""

PART_1, PART_2 = "11.02.2026_265_701020_поток_01.wav", "11.02.2026_265_701020_поток_02.wav"


def play_two_parts(room: Room) -> None:
    room.hear(5)
    room.do(ask.Open())
    room.hear(120)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(280)
    room.do(ask.Stop())
    room.hear(10)
    room.do(ask.Accept())
    room.hear(20)
    room.do(ask.Start(participant=3, other_room=True))
    room.hear(70)
    room.do(ask.Cancel())
    room.hear(450)
    room.stop()
    room.start()
    room.hear(150)
    room.do(ask.Start(participant=2))
    room.hear(200)
    room.do(ask.Stop())
    room.hear(100)
    room.do(ask.Close())
    room.hear(2)
    room.published(4)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Room(tmp_path_factory.mktemp("tampering")) as room:
        play_two_parts(room)
    return room.folder


@pytest.fixture
def folder(pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pattern, tmp_path / pattern.name))


def bit(frame: int) -> Edit:
    return lambda sound: sound[: 2 * frame] + bytes([sound[2 * frame] ^ 1]) + sound[2 * frame + 1 :]


def cut(frame: int, frames: int) -> Edit:
    return lambda sound: sound[: 2 * frame] + sound[2 * (frame + frames) :]


def put(frame: int, frames: int, other: bytes) -> Edit:
    """`other` in the place of `frames` frames."""
    return lambda sound: sound[: 2 * frame] + other + sound[2 * (frame + frames) :]


def shorter(frames: int) -> Edit:
    return lambda sound: sound[: -2 * frames]


def longer(other: bytes) -> Edit:
    return lambda sound: sound + other


EDITS: dict[str, tuple[Edit, int]] = {
    "one bit flipped": (bit(MIDDLE), MIDDLE),
    "the very first bit": (bit(0), 0),
    "the very last bit": (bit(95 * RATE - 1), 95 * RATE - 1),
    "10 s cut out": (cut(MIDDLE, TEN), MIDDLE),
    "a whole block cut out": (cut(3 * TEN, TEN), 3 * TEN),
    "1 s silenced": (put(MIDDLE, RATE, bytes(2 * RATE)), MIDDLE),
    "1 s put in": (put(MIDDLE, 0, bytes(range(256)) * (2 * RATE // 256)), MIDDLE),
    "one frame put in": (put(MIDDLE, 0, b"\0\0"), MIDDLE),
    "the tail cut off": (shorter(7 * RATE), 88 * RATE),
    "the last block cut off": (shorter(5 * RATE), 90 * RATE),
    "one frame cut off": (shorter(1), 95 * RATE - 1),
    "1 s added": (longer(bytes(2 * RATE)), 95 * RATE),
    "added up to a boundary": (longer(bytes(10 * RATE)), 95 * RATE),
}  # fmt: skip
"""Each with the first frame of part 1 that is another."""


def of_edits() -> dict[str, object]:
    return {"argvalues": list(EDITS.values()), "ids": list(EDITS)}


def located(breaches: tuple[Breach, ...]) -> list[tuple[str, int, int]]:
    return [
        (breach.file, breach.first_frame, breach.end_frame)
        for breach in breaches
        if breach.first_frame is not None and breach.end_frame is not None
    ]


def test_an_untouched_day_passes_with_every_head(folder: Path) -> None:
    rows = heads_for_paper(read_journal(folder))
    printed = [claim(row.printed) for row in rows] + paper(folder) + bare(paper(folder))
    report = verify(folder, printed)
    assert report.breaches == ()
    assert report.confirmed == len(printed) == 5 + 2 * 15


@pytest.mark.parametrize(("change", "frame"), **of_edits())
def test_an_edit_is_located_to_the_block_by_the_chain_file(folder: Path, change: Edit, frame: int) -> None:
    edit(folder / PART_1, change)
    found = located(verify(folder).breaches)
    assert found
    for file, first, end in found:
        assert (file, first) == (PART_1, frame // TEN * TEN)
        assert end > frame


@pytest.mark.parametrize("change", [bit(MIDDLE), put(MIDDLE, RATE, bytes(2 * RATE))])
def test_what_keeps_the_length_is_located_to_one_block(folder: Path, change: Edit) -> None:
    edit(folder / PART_1, change)
    assert located(verify(folder).breaches) == [(PART_1, 3 * TEN, 4 * TEN)]
    texts = [breach.text for breach in verify(folder).breaches if breach.first_frame is not None]
    assert "00:00:30–00:00:40" in texts[0]
    assert "240000–320000" in texts[0]


def test_two_edits_are_two_breaches(folder: Path) -> None:
    edit(folder / PART_1, bit(MIDDLE))
    edit(folder / PART_1, bit(7 * TEN))
    assert located(verify(folder).breaches) == [(PART_1, 3 * TEN, 4 * TEN), (PART_1, 7 * TEN, 8 * TEN)]


@pytest.mark.parametrize(("change", "frame"), **of_edits())
def test_a_consistent_forgery_is_located_between_two_heads(folder: Path, change: Edit, frame: int) -> None:
    """Audio, chain file, journal, takes and manifests all rewritten: only the paper knows."""
    printed = paper(folder)
    edit(folder / PART_1, change)
    forge(folder)
    assert verify(folder).ok, "the forgery is perfect"
    report = verify(folder, printed)
    before = frame // TEN * TEN
    end = min(before + TEN, 95 * RATE) if frame < 95 * RATE else frame
    assert located(report.breaches) == [(PART_1, before, end)]
    assert report.confirmed == before // TEN + 5, "the heads before it, and the other part's"
    assert located(verify(folder, bare(printed)).breaches)[0][:2] == (PART_1, before)


@pytest.mark.parametrize("every", [2, 3, 9])
def test_fewer_heads_locate_less_closely(folder: Path, every: int) -> None:
    printed = paper(folder)[:9][every - 1 :: every]
    edit(folder / PART_1, bit(MIDDLE))
    forge(folder)
    first = MIDDLE // (every * TEN) * every * TEN
    assert located(verify(folder, printed).breaches) == [(PART_1, first, first + every * TEN)]


def test_a_forgery_that_leaves_the_chain_file_is_located_to_the_block_by_one_head(folder: Path) -> None:
    """The head on paper vouches for the chain file it follows from, whatever else was rewritten."""
    kept = {path.name: path.read_bytes() for path in folder.glob("*.chain")}
    last = paper(folder)[9]
    edit(folder / PART_1, bit(MIDDLE))
    forge(folder)
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    report = verify(folder, [last])
    assert (PART_1, 3 * TEN, 4 * TEN) in located(report.breaches)
    assert report.confirmed == 0


def test_a_head_copied_into_a_forged_chain_file_vouches_for_nothing(folder: Path) -> None:
    """Its line must follow from those before it, else they would mislead about the place."""
    last = paper(folder)[8]
    honest = chain.path_of(folder / PART_1).read_bytes().splitlines()[8].split()[2]
    edit(folder / PART_1, bit(MIDDLE))
    forge(folder)

    def mislead(lines: list[bytes]) -> None:
        lines[6] = lines[6].replace(b"0", b"1")
        lines[8] = lines[8][:-65] + honest + b"\n"

    lines_of(chain.path_of(folder / PART_1), mislead)
    denied = [breach for breach in verify(folder, [last]).breaches if "код с бумаги" in breach.text]
    assert located(tuple(denied)) == [(PART_1, 0, 9 * TEN)]


def test_after_the_last_head_of_a_part_the_next_is_looked_at(folder: Path) -> None:
    printed = bare(paper(folder))
    edit(folder / PART_2, bit(5 * RATE))
    forge(folder)
    assert located(verify(folder, printed).breaches) == [(PART_2, 0, 360800)]


def test_the_journal_says_where_a_bare_head_stood(folder: Path) -> None:
    minute = heads_for_paper(read_journal(folder))[1]
    edit(folder / PART_1, bit(MIDDLE))
    chain.path_of(folder / PART_1).unlink()
    sealed_again(folder / PART_1)
    assert (PART_1, 0, minute.frame) in located(verify(folder, [claim(minute.printed)]).breaches)


def test_parts_that_changed_places_are_named(folder: Path) -> None:
    printed = paper(folder)
    first, second = (folder / PART_1).read_bytes(), (folder / PART_2).read_bytes()
    (folder / PART_1).write_bytes(second)
    (folder / PART_2).write_bytes(first)
    forge(folder)
    assert verify(folder).ok, "the forgery is perfect"
    report = verify(folder, bare(printed))
    assert {(breach.file, PART_2 in breach.text) for breach in report.breaches} == {(PART_1, True), (PART_2, False)}
    assert all("здесь звук файла" in breach.text for breach in report.breaches)
    assert report.confirmed == 0


def test_a_part_that_was_taken_away_is_missed(folder: Path) -> None:
    printed = paper(folder)
    for path in [*folder.glob("*_поток_02.*"), *folder.glob("*Петрова*")]:
        path.unlink()
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if PART_2 not in line and "Петрова" not in line and "поток_02" not in line]
    (folder / "journal.jsonl").write_text(
        "".join(json.dumps(json.loads(line) | {"seq": seq}) + "\n" for seq, line in enumerate(kept, start=1))
    )
    assert verify(folder).ok, "the forgery is perfect"
    report = verify(folder, bare(printed))
    assert report.confirmed == 10
    assert located(report.breaches) == [(PART_1, 95 * RATE, 95 * RATE)]


def test_a_head_of_another_day_is_denied(folder: Path) -> None:
    report = verify(folder, [claim("0123 4567 89ab cdef")])
    assert report.confirmed == 0
    assert [breach.invariant for breach in report.breaches] == [6]


def test_without_journal_chain_file_and_manifests_of_the_stream_paper_alone_proves_it(folder: Path) -> None:
    printed = paper(folder)
    for path in [*folder.glob("*.chain"), *folder.glob("*_поток_*.json"), folder / "journal.jsonl"]:
        path.unlink()
    report = verify(folder, printed)
    assert report.confirmed == len(printed)
    assert {(breach.invariant, breach.file) for breach in report.breaches} == {(10, "journal.jsonl")}


# -- what stands beside the audio ----------------------------------------------------------------------------


def lines_of(path: Path, change: Callable[[list[bytes]], object]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


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
    folder: Path, change: Callable[[list[bytes]], object]
) -> None:
    path = chain.path_of(folder / PART_1)
    lines_of(path, change)
    assert {breach.file for breach in verify(folder).breaches} == {path.name}
    assert path.name in {breach.file for breach in verify(folder, paper(folder)).breaches}


def test_a_chain_file_that_is_gone_is_missed(folder: Path) -> None:
    path = chain.path_of(folder / PART_2)
    path.unlink()
    assert [(breach.invariant, breach.file) for breach in verify(folder).breaches] == [(6, path.name)]


def test_a_head_altered_in_the_journal_is_named(folder: Path) -> None:
    entries = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    noted = [entry for entry in entries if entry["type"] == "chain_head"][1]
    noted["head"] = "0" * 64
    (folder / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert located(verify(folder).breaches) == [(PART_1, TEN, noted["frame"])]


def test_a_chain_altered_in_the_manifest_is_named(folder: Path) -> None:
    path = folder / PART_1.replace(".wav", ".json")
    told = json.loads(path.read_bytes())
    told["chain"]["blocks"] += 1
    path.write_text(json.dumps(told, ensure_ascii=False))
    texts = [breach.text for breach in verify(folder).breaches if breach.file == path.name]
    assert any("цепочка" in text for text in texts)


# -- takes without a manifest --------------------------------------------------------------------------------

CANCELLED = "11.02.2026_265_701020_Сидоров О.wav"


def test_a_cancelled_take_that_was_deleted_or_altered_is_named(folder: Path) -> None:
    whole = audio_of(folder / CANCELLED)
    edit(folder / CANCELLED, bit(5000))
    assert [(breach.invariant, breach.file) for breach in verify(folder).breaches] == [(3, CANCELLED)]
    for other in (whole[:-2], whole + b"\0\0", b""):
        edit(folder / CANCELLED, lambda _, other=other: other)  # type: ignore[misc]
        assert {(breach.invariant, breach.file) for breach in verify(folder).breaches} == {(3, CANCELLED)}
    (folder / CANCELLED).unlink()
    assert [(breach.invariant, breach.file) for breach in verify(folder).breaches] == [(4, CANCELLED)]


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


def test_a_file_left_half_written_is_a_note_and_no_breach(folder: Path) -> None:
    (folder / ".part-0123456789abcdef").write_bytes(b"half")
    report = verify(folder)
    assert report.ok
    assert [note.file for note in report.notes] == [".part-0123456789abcdef"]


# -- the command ---------------------------------------------------------------------------------------------


def station(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "station.cli", "verify", *words], capture_output=True, text=True, check=False
    )


def test_printed_heads_are_read_back_and_typed_heads_as_people_type(folder: Path, tmp_path: Path) -> None:
    printed = station(str(folder), "--heads")
    assert printed.returncode == 0
    assert printed.stdout.count("\n") == 5
    rows = json.loads(station(str(folder), "--heads", "--json").stdout)
    assert [row["participant"] for row in rows] == [None, 1, None, None, 2]
    assert all(row["head"].startswith(row["printed"].replace(" ", "")) for row in rows)
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("# room 265\n\n" + printed.stdout, encoding="utf-8")
    typed = rows[0]["printed"].upper().replace(" ", "  ")[:17]
    found = station(str(folder), "--head", str(sheet), "--head", typed, "--json")
    assert (found.returncode, json.loads(found.stdout)["confirmed"]) == (0, 6)
    edit(folder / PART_2, bit(0))
    forge(folder)
    exposed = station(str(folder), "--head", str(sheet), "--head", typed)
    assert exposed.returncode == 1
    assert "00:00:00–00:00:10, отсчёты 0–80000" in exposed.stdout
    assert "(и ещё 1)" in exposed.stdout
    assert exposed.stdout.endswith("Подтверждено контрольных кодов: 4/6\n")


@pytest.mark.parametrize("typed", ["ab12 cd34", "xyz", "", "/no/such/file", "ab" * 33])
def test_what_is_no_head_is_wrong_usage(folder: Path, typed: str) -> None:
    refused = station(str(folder), "--head", typed)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_spans_of_the_pattern_are_within_both_parts(folder: Path) -> None:
    """What the tests above rely on: a take around the edits, one in the other part."""
    spans = {take.stem[-8:]: take.spans for take in replay(folder).takes.values()}
    assert [span.stream for taken in spans.values() for span in taken] == [PART_1, PART_1, PART_2]
    assert FrameSpan(PART_1, 0, MIDDLE).end < spans["Иванов И"][0].end
    assert len(streams(folder)) == 2
    assert len(audio_of(folder / PART_1)) == 2 * 95 * RATE
