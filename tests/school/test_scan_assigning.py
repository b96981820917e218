"""Whose paper a scan is, and what keeps it from counting."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from exam.errors import Rejected
from exam.roster import Participant
from sync.scans import faults
from sync.scans.assigning import Day, assign
from sync.scans.codes import payload
from sync.scans.decisions import FILE, Decisions
from sync.scans.model import (
    Assigned,
    Belongs,
    Decision,
    File,
    Key,
    Opened,
    Page,
    PutAside,
    Scans,
    Trouble,
    Verdict,
)

EXAM_DATE = date(2026, 2, 11)
NOW = datetime(2026, 2, 11, 15, tzinfo=UTC)
ROSTER = {
    one.number: one
    for one in (
        Participant(1, "Иванов", "Иван"), Participant(2, "Петрова", "Анна"), Participant(17, "Сидоров", "Пётр"),
    )
}  # fmt: skip
DAY = Day("701020", EXAM_DATE, ROSTER)


def file(
    name: str, *codes: str, sha: str = "", dpi: int | None = 200, blank: bool = False, told: Verdict | None = None
) -> File:
    return File(name, sha or f"sha of {name}", 10, told or Opened((Page(dpi, blank, codes),)))


def code(number: int, school: str = "701020", day: date = EXAM_DATE) -> str:
    return payload(school, day, Belongs("protocol", participant=number))


def given(one: File, belongs: Belongs) -> dict[Key, Decision]:
    return {one.key: Assigned(one.file, one.sha256, belongs, NOW)}


def found(*files: File, decisions: dict[Key, Decision] | None = None) -> Scans:
    return assign(files, decisions or {}, DAY)


def told(scans: Scans) -> list[tuple[str, str]]:
    return [(one.file, one.code) for one in scans.problems]


def papers(scans: Scans) -> list[tuple[str, int | None, str]]:
    return [(one.file, one.participant, one.evidence) for one in scans.papers]


def test_a_code_goes_before_the_name_and_a_person_before_both() -> None:
    coded, named, both = file("scan1.pdf", code(17)), file("2.pdf"), file("scan3.pdf", code(17))
    word = given(both, Belongs("protocol", participant=1))
    assert papers(found(coded, named, both, decisions=word)) == [
        ("2.pdf", 2, "name"), ("scan1.pdf", 17, "code"), ("scan3.pdf", 1, "decision"),
    ]  # fmt: skip


def test_a_code_and_a_name_that_disagree_wait_for_a_person() -> None:
    one = file("1.pdf", code(2))
    assert told(found(one)) == [("1.pdf", "contradiction")]
    assert "1" in found(one).problems[0].reason.ru
    assert papers(found(one, decisions=given(one, Belongs("protocol", participant=2)))) == [("1.pdf", 2, "decision")]


@pytest.mark.parametrize(
    ("codes", "fault", "names"),
    [
        ([code(1, school="701021")], "other_school", "701021"),
        ([code(1, day=date(2026, 3, 11))], "other_day", "2026-03-11"),
        ([code(99)], "stranger", "99"),
        ([code(1), code(2)], "several_people", "1, 2"),
    ],
)
def test_a_code_that_cannot_be_of_this_day_is_a_fault_named_so(codes: list[str], fault: str, names: str) -> None:
    scans = found(file("Иванов И.pdf", *codes))
    assert told(scans) == [("Иванов И.pdf", fault)]
    assert names in scans.problems[0].reason.ru
    assert names in scans.problems[0].reason.en


@pytest.mark.parametrize(
    "text", ["17", "протокол 17", "exam:701020:2026-02-11:protocol:", "exam:701020:protocol:17", "EXAM:1:2:protocol:17",
             "exam:701020:2026-02-11:protocol:17\n:x", "exam:70\x1b[2J:2026-02-11:protocol:1", ""],
)  # fmt: skip
def test_other_peoples_codes_mean_nothing(text: str) -> None:
    assert [one.candidates for one in found(file("scan1.pdf", text)).unassigned] == [()]


@pytest.mark.parametrize(
    "belongs",
    [Belongs("protocol", participant=17), Belongs("act", participant=2), Belongs("room_sheet", room="265"),
     Belongs("form_c1")],
)  # fmt: skip
def test_our_own_codes_say_every_kind(belongs: Belongs) -> None:
    [paper] = found(file("scan1.pdf", payload("701020", EXAM_DATE, belongs))).papers
    assert (paper.kind, paper.participant, paper.room) == (belongs.kind, belongs.participant, belongs.room)


def test_a_name_by_the_rule_of_another_day_is_a_fault_unless_the_code_says_better() -> None:
    name = "12.02.2026_265_701020_Сидоров П_протокол.pdf"
    assert told(found(file(name))) == [(name, "other_day")]
    assert papers(found(file(name, code(17)))) == [(name, 17, "code")]


def test_an_act_under_a_protocols_code_is_a_contradiction() -> None:
    assert told(found(file("акт Сидоров Пётр.pdf", code(17)))) == [("акт Сидоров Пётр.pdf", "contradiction")]


def test_the_room_is_taken_from_the_name_where_the_code_says_none() -> None:
    [paper] = found(file("11.02.2026_265_701020_Сидоров П_протокол.pdf", code(17))).papers
    assert (paper.room, paper.evidence) == ("265", "code")


@pytest.mark.parametrize(("seen", "fault"), [({"blank": True}, "blank"), ({"dpi": 100}, "low_resolution")])
def test_what_only_is_measured_a_person_may_overrule(seen: dict[str, int], fault: str) -> None:
    one = file("17.pdf", dpi=seen.get("dpi", 200), blank=bool(seen.get("blank")))
    [problem] = found(one).problems
    assert (problem.code, problem.participant) == (fault, 17)
    assert papers(found(one, decisions=given(one, Belongs("protocol", participant=17)))) == [("17.pdf", 17, "decision")]


def test_what_cannot_be_opened_nobody_overrules() -> None:
    one = file("17.pdf", told=Trouble("truncated"))
    scans = found(one, decisions=given(one, Belongs("protocol", participant=2)))
    assert [(each.code, each.participant) for each in scans.problems] == [("truncated", 2)]


def test_the_other_side_of_a_sheet_may_be_blank() -> None:
    two = File("17.pdf", "sha", 10, Opened((Page(200, False), Page(200, True))))
    assert found(two).papers[0].blank_pages == (2,)
    assert not found(two).problems


def test_a_drawn_pdf_has_no_resolution_to_be_too_low() -> None:
    assert papers(found(file("17.pdf", dpi=None))) == [("17.pdf", 17, "name")]


def test_the_same_content_twice_counts_once() -> None:
    scans = found(file("17.pdf", sha="a"), file("протокол 17.pdf", sha="a"), file("scan9.pdf", sha="a"))
    assert papers(scans) == [("17.pdf", 17, "name")]
    assert told(scans) == [("scan9.pdf", "same_content"), ("протокол 17.pdf", "same_content")]
    assert "17.pdf" in scans.problems[0].reason.ru


def test_one_content_under_two_participants_names_counts_for_neither_until_a_person_says() -> None:
    one, two = file("1.pdf", sha="a"), file("2.pdf", sha="a")
    assert told(found(one, two)) == [("1.pdf", "same_content"), ("2.pdf", "same_content")]
    scans = found(one, two, decisions=given(two, Belongs("protocol", participant=2)))
    assert papers(scans) == [("2.pdf", 2, "decision")]
    assert told(scans) == [("1.pdf", "same_content")]


def test_a_second_protocol_of_a_participant_is_told_with_the_first() -> None:
    scans = found(file("17.pdf"), file("Сидоров П.pdf"))
    assert papers(scans) == [("17.pdf", 17, "name")]
    assert [(one.code, one.participant) for one in scans.problems] == [("two_protocols", 17)]
    assert "17.pdf" in scans.problems[0].reason.ru


def test_sheets_that_a_person_gave_to_one_participant_stand_together() -> None:
    one, two = file("17.pdf"), file("scan2.pdf")
    belongs = Belongs("protocol", participant=17)
    scans = found(one, two, decisions={**given(one, belongs), **given(two, belongs)})
    assert len(scans.papers) == 2
    assert not scans.problems
    assert told(found(one, two, decisions=given(two, belongs))) == [("17.pdf", "two_protocols")]


def test_what_is_set_aside_does_not_count_and_clashes_with_nothing() -> None:
    one, two = file("17.pdf", sha="a"), file("17 (2).pdf", sha="a")
    scans = found(one, two, decisions={two.key: PutAside(two.file, two.sha256, "дубль", NOW)})
    assert papers(scans) == [("17.pdf", 17, "name")]
    assert [one.file for one in scans.aside] == ["17 (2).pdf"]
    assert not scans.problems


def test_other_content_under_the_same_name_is_another_scan() -> None:
    old, new = file("scan1.pdf", sha="a"), file("scan1.pdf", sha="b")
    scans = found(new, decisions=given(old, Belongs("protocol", participant=17)))
    assert [one.file for one in scans.unassigned] == ["scan1.pdf"]


def test_decisions_are_remembered_in_order_and_taken_back(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path)
    decisions.assign("a.pdf", "1", Belongs("protocol", participant=17), NOW)
    decisions.set_aside("b.pdf", "2", " чужой\n лист ", NOW)
    with (tmp_path / FILE).open("ab") as torn:
        torn.write(b'{"type":"assi')
    decisions.assign("a.pdf", "1", Belongs("act", participant=2), NOW)
    standing = Decisions(tmp_path).standing()
    assert standing["a.pdf", "1"] == Assigned("a.pdf", "1", Belongs("act", participant=2), NOW)
    assert standing["b.pdf", "2"] == PutAside("b.pdf", "2", "чужой лист", NOW)
    decisions.take_back("a.pdf", "1", NOW)
    assert set(Decisions(tmp_path).standing()) == {("b.pdf", "2")}
    with pytest.raises(Rejected, match=r"a\.pdf"):
        decisions.take_back("a.pdf", "1", NOW)


def test_a_protocol_needs_a_participant_and_an_aside_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="--participant"):
        Decisions(tmp_path).assign("a.pdf", "1", Belongs("protocol"), NOW)
    with pytest.raises(Rejected, match="причин"):
        Decisions(tmp_path).set_aside("a.pdf", "1", "  ", NOW)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("each", sorted(faults.CODES))
def test_every_fault_is_said_in_one_line_in_both_languages(each: str) -> None:
    reason = faults.reason(each, "XYZ")
    for text in (reason.ru, reason.en):
        assert "\n" not in text
        assert not re.search(r"[{}]", text)
        assert ":" in text or ";" in text  # what happened, and what to do
