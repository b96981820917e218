"""What a scan's file name is believed to say, and the name by which it travels."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.roster import Participant
from sync.scans.model import Belongs, PaperKind, Trouble
from sync.scans.naming import Reader, Told
from sync.scans.travelling import Traveller, travelling

DAY = date(2026, 2, 11)
SCHOOL = "701020"
PEOPLE = [
    Participant(1, "Иванов", "Иван", "Петрович", "9А", "265"),
    Participant(2, "Иванов", "Илья", "Сергеевич", "9А", "266"),
    Participant(3, "Петрова", "Анна", "Сергеевна", "9Б", "265"),
    Participant(4, "Соловьёва", "Алёна", "", "9Б", "266"),
    Participant(5, "Петров-Водкин", "Кузьма", "Сергеевич", "9В", "266"),
    Participant(9, "Ким", "Юна", "", "9А", "265"),
    Participant(17, "Сидоров", "Пётр", "Ильич", "9Б", "266"),
    Participant(18, "Сидоров", "Пётр", "Ильич", "9В", "265"),
    Participant(19, "Сергеев", "Семён", "Сергеевич", "9В", "265"),
    Participant(265, "Яковлев", "Ян", "", "9В", "265"),
]
ROSTER = {one.number: one for one in PEOPLE}
READER = Reader(school=SCHOOL, exam_date=DAY, roster=ROSTER)


def protocol(number: int, room: str | None = None) -> Told:
    return Told(belongs=Belongs("protocol", participant=number, room=room))


def nobody(*candidates: int) -> Told:
    return Told(candidates=candidates)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        # by the rule
        ("11.02.2026_265_701020_Петрова А_протокол.pdf", protocol(3, "265")),
        ("11.02.2026_266_701020_Иванов Илья_протокол_2.pdf", protocol(2, "266")),
        ("11.02.2026_265_701020_Сидоров Пётр Ильич 18_протокол.pdf", protocol(18, "265")),
        ("11.02.2026_701020_Петрова А_протокол.pdf", protocol(3)),
        ("11.02.2026_265_701020_Петрова А_протокол — копия.pdf", protocol(3, "265")),
        ("11.02.2026_265_701020_Иванов И_протокол.pdf", nobody(1, 2)),
        ("11.02.2026_265_701020_Кузнецов К_протокол.pdf", nobody()),
        ("11.02.2026_265_701021_Петрова А_протокол.pdf", Told(trouble=Trouble("other_school", "701021"))),
        ("12.02.2026_265_701020_Петрова А_протокол.pdf", Told(trouble=Trouble("other_day", "12.02.2026"))),
        # a roster number alone
        ("протокол_17.pdf", protocol(17)),
        ("17.pdf", protocol(17)),
        ("Протокол № 17 (2).jpg", protocol(17)),
        ("участник 3 протокол.tiff", protocol(3)),
        ("протоколы/9Б/17.pdf", protocol(17)),
        ("11.02.2026 протокол 17.pdf", protocol(17)),
        ("2026-02-11_17.pdf", protocol(17)),
        ("Scan_17.pdf", nobody()),
        ("скан0017.pdf", nobody()),
        ("IMG_0003.jpg", nobody()),
        ("017.pdf", nobody()),
        ("протокол_0003.pdf", nobody()),
        ("3_17.pdf", nobody(3, 17)),
        ("300.pdf", nobody()),
        ("265.pdf", nobody(265)),
        ("протокол 265.pdf", nobody(265)),
        ("²17.pdf", nobody()),
        ("9" * 200 + ".pdf", nobody()),
        # surname and first name
        ("Петрова Анна.pdf", protocol(3)),
        ("Петрова А. С..pdf", protocol(3)),
        ("ПЕТРОВА_А_протокол.JPG", protocol(3)),
        ("А.С. Петрова.pdf", protocol(3)),
        ("Анна Петрова 9Б.pdf", protocol(3)),
        ("Петрова АС 9 «Б».pdf", protocol(3)),
        ("соловьева алена.png", protocol(4)),
        (unicodedata.normalize("NFD", "Соловьёва Алёна.png"), protocol(4)),
        ("Петров-Водкин К.pdf", protocol(5)),
        ("Петров Водкин Кузьма.pdf", protocol(5)),
        ("Ким Ю.pdf", protocol(9)),
        ("Иванов Иван.pdf", protocol(1)),
        ("Иванов И. П.pdf", protocol(1)),
        ("Иванов ИС.pdf", protocol(2)),
        ("3 Петрова А.pdf", protocol(3)),
        ("18_Сидоров Пётр.pdf", protocol(18)),
        ("Иванов И.pdf", nobody(1, 2)),
        ("Сидоров Пётр Ильич.pdf", nobody(17, 18)),
        ("Иванов.pdf", nobody(1, 2)),
        ("Петрова.pdf", nobody(3)),
        ("Петрова В.pdf", nobody(3)),
        ("Петрова А. В.pdf", nobody(3)),
        ("Петрова Анна Ивановна.pdf", nobody(3)),
        ("17 Петрова А.pdf", nobody(3, 17)),
        ("Петрова А, Ким Ю.pdf", nobody(3, 9)),
        ("Петрова А. С., Ким Ю.pdf", nobody(3, 9)),
        ("Петорва Анна.pdf", nobody(3, 5)),
        ("Кузнецов К.pdf", nobody()),
        # other papers
        ("C-1.pdf", Told(belongs=Belongs("form_c1"))),
        ("С1.xlsx.pdf", Told(belongs=Belongs("form_c1"))),
        ("Форма С-1 подписанная.pdf", Told(belongs=Belongs("form_c1"))),
        ("специализированная форма.tif", Told(belongs=Belongs("form_c1"))),
        ("Сергеев С1.pdf", nobody(19, 1)),
        ("ведомость 265.pdf", Told(belongs=Belongs("room_sheet", room="265"))),
        ("Ведомость учета каб. 266 9А.pdf", Told(belongs=Belongs("room_sheet", room="266"))),
        ("11.02.2026_265_701020_ведомость.pdf", Told(belongs=Belongs("room_sheet", room="265"))),
        ("ведомость.pdf", Told(belongs=Belongs("room_sheet"))),
        ("акт Петрова Анна.pdf", Told(belongs=Belongs("act", participant=3))),
        ("Акт о досрочном завершении.pdf", Told(belongs=Belongs("act"))),
        ("акт Иванов И.pdf", nobody(1, 2)),
        ("акт и протокол Петрова А.pdf", nobody(3)),
        ("документ.pdf", nobody()),
        (".pdf", nobody()),
    ],
)  # fmt: skip
def test_a_name_is_believed_only_where_it_means_one_thing(file: str, told: Told) -> None:
    assert READER.read(file) == told


def test_without_a_configured_day_dates_say_nothing() -> None:
    reader = Reader(school=SCHOOL, exam_date=None, roster=ROSTER)
    assert reader.read("12.02.2026_265_701020_Петрова А_протокол.pdf") == protocol(3, "265")


@given(st.text(max_size=60))
def test_no_name_is_too_odd_to_be_read(file: str) -> None:
    told = READER.read(file)
    assert told.belongs is None or told.belongs.participant is None or told.belongs.participant in ROSTER


def travel(*papers: Traveller) -> list[str]:
    return list(travelling(papers, school=SCHOOL, exam_date=DAY, roster=ROSTER).values())


def test_scans_travel_under_names_by_the_rule() -> None:
    assert travel(
        Traveller(file="b.JPEG", kind="protocol", participant=3, room="265"),
        Traveller(file="c.pdf", kind="form_c1"),
        Traveller(file="d.tiff", kind="room_sheet", room="266"),
        Traveller(file="e.pdf", kind="act", participant=1, room="265"),
        Traveller(file="f.pdf", kind="other"),
        Traveller(file="g.pdf", kind="protocol", participant=18, room="265"),
    ) == [
        "11.02.2026_265_701020_Петрова А_протокол.jpg",
        "11.02.2026_701020_форма С-1.pdf",
        "11.02.2026_266_701020_ведомость.tif",
        "11.02.2026_265_701020_Иванов Иван_акт.pdf",
        "11.02.2026_701020_документ.pdf",
        "11.02.2026_265_701020_Сидоров Пётр Ильич 18_протокол.pdf",
    ]


def test_several_of_one_kind_are_numbered_also_across_extensions() -> None:
    two = [Traveller(file=file, kind="protocol", participant=3, room="265") for file in ("1.pdf", "2.jpg")]
    assert travel(*two) == [
        "11.02.2026_265_701020_Петрова А_протокол.pdf",
        "11.02.2026_265_701020_Петрова А_протокол_2.jpg",
    ]


@pytest.mark.parametrize("number", ROSTER)
@pytest.mark.parametrize("kind", ["protocol", "act"])
@pytest.mark.parametrize("room", ["265", None])
def test_a_name_by_which_a_scan_travelled_is_read_back(number: int, kind: PaperKind, room: str | None) -> None:
    papers = [Traveller(file=file, kind=kind, participant=number, room=room) for file in ("1.pdf", "2.pdf")]
    for name in travel(*papers):
        assert READER.read(name) == Told(belongs=Belongs(kind, participant=number, room=room))
