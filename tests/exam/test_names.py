"""Names: parse(format(x)) == x; unique for any roster; legal on every file system a school may have."""

import unicodedata
from datetime import date
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exam import names
from exam.errors import Rejected
from exam.names import Kind, RecordingName
from exam.roster import Participant

WORDS = st.text(st.sampled_from("0123456789abzABZаяёАЯЁ-"), min_size=1)
ROOMS, SCHOOLS = WORDS.map(lambda word: word[:16]), WORDS.map(lambda word: word[:20])
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))
LETTERS = "АБВабвйЙёЁзи\u0306\u0308 -'’.\u00a0/\\:*?\"<>|_\x00\x7fA1"
"""Letters, joined and loose marks, spaces of two kinds, everything a file system refuses."""
WRITTEN = st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)
PEOPLE = st.builds(
    Participant, number=st.integers(1, 10**6 - 1), surname=WRITTEN, first_name=WRITTEN, patronymic=WRITTEN
)
NAMESAKES = st.builds(
    Participant,
    number=st.integers(1, 9),
    surname=st.sampled_from(["Иванов", "иванов", "Иванов И", "Иванов Иван"]),
    first_name=st.sampled_from(["Иван", "Игорь", "-", "Иван Ильич", "И"]),
    patronymic=st.sampled_from(["", "Ильич", "Ильич 3"]),
)
ROSTERS = st.lists(PEOPLE | NAMESAKES, max_size=12, unique_by=lambda person: person.number)
RESERVED = set('<>:"/\\|?*')


def person(number: int, surname: str, first_name: str, patronymic: str = "") -> Participant:
    return Participant(number, surname, first_name, patronymic)


def label_of(somebody: Participant) -> str:
    return names.labels([somebody])[somebody.number]


@st.composite
def recording_names(draw: st.DrawFn) -> RecordingName:
    kind = draw(st.sampled_from(Kind))
    label = label_of(draw(PEOPLE)) if kind is Kind.PARTICIPANT else ""
    return RecordingName(draw(DATES), draw(ROOMS), draw(SCHOOLS), kind, label, draw(st.integers(1, 999)))


@given(recording_names())
def test_parsing_gives_back_what_was_named(name: RecordingName) -> None:
    assert names.parse(name.stem) == name


@given(recording_names())
def test_every_name_is_legal_everywhere(name: RecordingName) -> None:
    stem = name.stem
    assert unicodedata.is_normalized("NFC", stem)
    assert not RESERVED & set(stem)
    assert all(unicodedata.category(letter) != "Cc" for letter in stem)
    assert not stem.endswith((" ", "."))
    assert len(f"{stem}.flac".encode()) <= 255


def test_the_longest_name_fits() -> None:
    somebody = person(999_999, "Щ" * 300, "Щ" * 300, "Щ" * 300)
    for label in names.possible_labels(somebody):
        longest = RecordingName(date(2026, 2, 11), "щ" * 16, "щ" * 20, Kind.PARTICIPANT, label, 999)
        assert len(f"{longest.stem}.flac".encode()) <= 255


@given(ROSTERS)
@example(
    [person(1, "Иванов", "Иван", "Ильич 3"), person(2, "Иванов", "Иван", "Ильич"), person(3, "Иванов", "Иван", "Ильич")]
)
def test_labels_are_unique_whatever_the_roster(roster: list[Participant]) -> None:
    labels = names.labels(roster)
    assert set(labels) == {somebody.number for somebody in roster}
    assert len({label.casefold() for label in labels.values()}) == len(roster)
    assert all(labels[somebody.number] in names.possible_labels(somebody) for somebody in roster)


@given(ROSTERS)
def test_the_order_of_the_roster_changes_no_label(roster: list[Participant]) -> None:
    assert names.labels(roster) == names.labels(reversed(roster))


def test_the_rules_example() -> None:
    name = RecordingName(date(2025, 2, 12), "265", "701020", Kind.PARTICIPANT, label_of(person(1, "Иванов", "Иван")))
    assert name.stem == "12.02.2025_265_701020_Иванов И"
    assert names.day_folder(name.exam_date, name.room) == "2025-02-12_265"


def test_kinds_and_numbers_are_told_apart() -> None:
    place = (date(2026, 2, 11), "12а", "701020")
    assert RecordingName(*place, Kind.STREAM).stem == "11.02.2026_12а_701020_поток_01"
    assert RecordingName(*place, Kind.REHEARSAL, number=3).stem == "11.02.2026_12а_701020_проба_03"
    assert RecordingName(*place, Kind.PARTICIPANT, "Ким А", 2).stem == "11.02.2026_12а_701020_Ким А_дубль_2"


def test_namesakes_get_first_name_then_patronymic_then_number() -> None:
    labels = names.labels(
        [
            person(1, "Иванов", "Иван"),
            person(2, "Иванов", "Игорь"),
            person(3, "Петрова", "Анна", "Ильинична"),
            person(4, "Петрова", "Анна", "Олеговна"),
            person(5, "Ким", "Олег", "Ли"),
            person(6, "Ким", "Олег", "Ли"),
            person(7, "Сидоров", "Семён"),
        ]
    )
    assert labels == {
        1: "Иванов Иван", 2: "Иванов Игорь",
        3: "Петрова Анна Ильинична", 4: "Петрова Анна Олеговна",
        5: "Ким Олег Ли 5", 6: "Ким Олег Ли 6",
        7: "Сидоров С",
    }  # fmt: skip


def test_the_full_first_name_by_choice() -> None:
    assert names.labels([person(1, "Иванов", "Иван")], "full") == {1: "Иванов Иван"}


@pytest.mark.parametrize(
    ("surname", "first_name", "label"),
    [
        ("Римский-Корсаков", "Ян", "Римский-Корсаков Я"),
        ("О'Нил", "Шон", "О'Нил Ш"),
        ("Оглы  Мамедов", "Али", "Оглы Мамедов А"),
        ("Тимофе\u0435\u0308ва", "И\u0306ога", "Тимофеёва Й"),
        ("Петров_", "Я/Я", "Петров- Я"),
        ("Иванов", "-", "Иванов"),
        ("Сулейман", ". ", "Сулейман"),
        ("...", "...", "1"),
    ],
)
def test_unusual_names(surname: str, first_name: str, label: str) -> None:
    assert label_of(person(1, surname, first_name)) == label


@pytest.mark.parametrize(
    "stem",
    [
        "",
        "поток_01",
        "31.02.2026_265_701020_Иванов И",
        "11.02.2026_265_701020_",
        "11.02.2026_265_701020_поток_1",
        "11.02.2026_265_701020_поток_00",
        "11.02.2026_265_701020_Иванов И_дубль_1",
        "11.02.2026_265_701020_Иванов И_дубль_02",
        "11.02.2026_265_701020_Иванов И.",
        "11.02.2026_265_701020_Иванов  И",
        "11.02.2026_265_701020_И\u0306",
        "11.02.2026_2/5_701020_Иванов И",
        "11.02.2026_265_701020_Иванов И\n",
        "11.02.2026_265_701020_Иванов И_дубль_٢",
    ],
)
def test_other_names_are_refused(stem: str) -> None:
    with pytest.raises(Rejected, match="не по правилу"):
        names.parse(stem)


@given(st.text(max_size=60))
def test_whatever_parses_is_named_the_same(stem: str) -> None:
    try:
        name = names.parse(stem)
    except Rejected:
        return
    assert name.stem == stem


def test_rooms_and_schools_that_cannot_stand_in_a_name() -> None:
    names.check_place("12а", "701020")
    for room, school in product(["", "1_2", "1/2", "1.2", "а" * 17], ["701020"]):
        with pytest.raises(Rejected, match="Номер аудитории"):
            names.check_place(room, school)
    with pytest.raises(Rejected, match="Код школы"):
        names.check_place("265", "7" * 21)
