"""A day rewritten after the exam, however consistently, is exposed by the heads on paper, and located."""

import json
from pathlib import Path

import pytest
from days import RATE, audio_of
from forger import Edit, bare, edit, forge, paper, sealed_again, streams
from tampered import MIDDLE, PART_1, PART_2, TEN, bit, cut, lines_of, located, longer, put, shorter

from exam.audio import FrameSpan
from station import chain
from station.heads import heads_for_paper
from station.journal import read as read_journal
from station.recovery import replay
from station.verify import verify
from station.verify.claims import claim

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


def test_an_untouched_day_passes_with_every_head(two_parts: Path) -> None:
    rows = heads_for_paper(read_journal(two_parts))
    printed = [claim(row.printed) for row in rows] + paper(two_parts) + bare(paper(two_parts))
    report = verify(two_parts, printed)
    assert report.breaches == ()
    assert report.confirmed == len(printed) == 5 + 2 * 15


@pytest.mark.parametrize(("change", "frame"), **of_edits())
def test_an_edit_is_located_to_the_block_by_the_chain_file(two_parts: Path, change: Edit, frame: int) -> None:
    edit(two_parts / PART_1, change)
    found = located(verify(two_parts).breaches)
    assert found
    for file, first, end in found:
        assert (file, first) == (PART_1, frame // TEN * TEN)
        assert end > frame


@pytest.mark.parametrize("change", [bit(MIDDLE), put(MIDDLE, RATE, bytes(2 * RATE))])
def test_what_keeps_the_length_is_located_to_one_block(two_parts: Path, change: Edit) -> None:
    edit(two_parts / PART_1, change)
    assert located(verify(two_parts).breaches) == [(PART_1, 3 * TEN, 4 * TEN)]
    texts = [breach.text for breach in verify(two_parts).breaches if breach.first_frame is not None]
    assert "00:00:30–00:00:40" in texts[0]
    assert "240000–320000" in texts[0]


def test_two_edits_are_two_breaches(two_parts: Path) -> None:
    edit(two_parts / PART_1, bit(MIDDLE))
    edit(two_parts / PART_1, bit(7 * TEN))
    assert located(verify(two_parts).breaches) == [(PART_1, 3 * TEN, 4 * TEN), (PART_1, 7 * TEN, 8 * TEN)]


@pytest.mark.parametrize(("change", "frame"), **of_edits())
def test_a_consistent_forgery_is_located_between_two_heads(two_parts: Path, change: Edit, frame: int) -> None:
    """Audio, chain file, journal, takes and manifests all rewritten: only the paper knows."""
    printed = paper(two_parts)
    edit(two_parts / PART_1, change)
    forge(two_parts)
    assert verify(two_parts).ok, "the forgery is perfect"
    report = verify(two_parts, printed)
    before = frame // TEN * TEN
    end = min(before + TEN, 95 * RATE) if frame < 95 * RATE else frame
    assert located(report.breaches) == [(PART_1, before, end)]
    assert report.confirmed == before // TEN + 5, "the heads before it, and the other part's"
    assert located(verify(two_parts, bare(printed)).breaches)[0][:2] == (PART_1, before)


@pytest.mark.parametrize("every", [2, 3, 9])
def test_fewer_heads_locate_less_closely(two_parts: Path, every: int) -> None:
    printed = paper(two_parts)[:9][every - 1 :: every]
    edit(two_parts / PART_1, bit(MIDDLE))
    forge(two_parts)
    first = MIDDLE // (every * TEN) * every * TEN
    assert located(verify(two_parts, printed).breaches) == [(PART_1, first, first + every * TEN)]


def test_a_forgery_that_leaves_the_chain_file_is_located_to_the_block_by_one_head(two_parts: Path) -> None:
    """The head on paper vouches for the chain file it follows from, whatever else was rewritten."""
    kept = {path.name: path.read_bytes() for path in two_parts.glob("*.chain")}
    last = paper(two_parts)[9]
    edit(two_parts / PART_1, bit(MIDDLE))
    forge(two_parts)
    for name, content in kept.items():
        (two_parts / name).write_bytes(content)
    report = verify(two_parts, [last])
    assert (PART_1, 3 * TEN, 4 * TEN) in located(report.breaches)
    assert report.confirmed == 0


def test_a_head_copied_into_a_forged_chain_file_vouches_for_nothing(two_parts: Path) -> None:
    """Its line must follow from those before it, else they would mislead about the place."""
    last = paper(two_parts)[8]
    honest = chain.path_of(two_parts / PART_1).read_bytes().splitlines()[8].split()[2]
    edit(two_parts / PART_1, bit(MIDDLE))
    forge(two_parts)

    def mislead(lines: list[bytes]) -> None:
        lines[6] = lines[6].replace(b"0", b"1")
        lines[8] = lines[8][:-65] + honest + b"\n"

    lines_of(chain.path_of(two_parts / PART_1), mislead)
    denied = [breach for breach in verify(two_parts, [last]).breaches if "код с бумаги" in breach.text]
    assert located(tuple(denied)) == [(PART_1, 0, 9 * TEN)]


def test_after_the_last_head_of_a_part_the_next_is_looked_at(two_parts: Path) -> None:
    printed = bare(paper(two_parts))
    edit(two_parts / PART_2, bit(5 * RATE))
    forge(two_parts)
    assert located(verify(two_parts, printed).breaches) == [(PART_2, 0, 360800)]


def test_the_journal_says_where_a_bare_head_stood(two_parts: Path) -> None:
    minute = heads_for_paper(read_journal(two_parts))[1]
    edit(two_parts / PART_1, bit(MIDDLE))
    chain.path_of(two_parts / PART_1).unlink()
    sealed_again(two_parts / PART_1)
    assert (PART_1, 0, minute.frame) in located(verify(two_parts, [claim(minute.printed)]).breaches)


def test_parts_that_changed_places_are_named(two_parts: Path) -> None:
    printed = paper(two_parts)
    first, second = (two_parts / PART_1).read_bytes(), (two_parts / PART_2).read_bytes()
    (two_parts / PART_1).write_bytes(second)
    (two_parts / PART_2).write_bytes(first)
    forge(two_parts)
    assert verify(two_parts).ok, "the forgery is perfect"
    report = verify(two_parts, bare(printed))
    assert {(breach.file, PART_2 in breach.text) for breach in report.breaches} == {(PART_1, True), (PART_2, False)}
    assert all("здесь звук файла" in breach.text for breach in report.breaches)
    assert report.confirmed == 0


def test_a_part_that_was_taken_away_is_missed(two_parts: Path) -> None:
    printed = paper(two_parts)
    for path in [*two_parts.glob("*_поток_02.*"), *two_parts.glob("*Петрова*")]:
        path.unlink()
    lines = (two_parts / "journal.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if PART_2 not in line and "Петрова" not in line and "поток_02" not in line]
    (two_parts / "journal.jsonl").write_text(
        "".join(json.dumps(json.loads(line) | {"seq": seq}) + "\n" for seq, line in enumerate(kept, start=1))
    )
    assert verify(two_parts).ok, "the forgery is perfect"
    report = verify(two_parts, bare(printed))
    assert report.confirmed == 10
    assert located(report.breaches) == [(PART_1, 95 * RATE, 95 * RATE)]


def test_a_head_of_another_day_is_denied(two_parts: Path) -> None:
    report = verify(two_parts, [claim("0123 4567 89ab cdef")])
    assert report.confirmed == 0
    assert [breach.invariant for breach in report.breaches] == [6]


def test_without_journal_chain_file_and_manifests_of_the_stream_paper_alone_proves_it(two_parts: Path) -> None:
    printed = paper(two_parts)
    for path in [*two_parts.glob("*.chain"), *two_parts.glob("*_поток_*.json"), two_parts / "journal.jsonl"]:
        path.unlink()
    report = verify(two_parts, printed)
    assert report.confirmed == len(printed)
    assert {(breach.invariant, breach.file) for breach in report.breaches} == {(10, "journal.jsonl")}


def test_spans_of_the_pattern_are_within_both_parts(two_parts: Path) -> None:
    """What the tests above rely on: a take around the edits, one in the other part."""
    spans = {take.stem[-8:]: take.spans for take in replay(two_parts).takes.values()}
    assert [span.stream for taken in spans.values() for span in taken] == [PART_1, PART_1, PART_2]
    assert FrameSpan(PART_1, 0, MIDDLE).end < spans["Иванов И"][0].end
    assert len(streams(two_parts)) == 2
    assert len(audio_of(two_parts / PART_1)) == 2 * 95 * RATE
