"""What a page is told once: people, limits, whether there is playback; and where the PIN comes from."""

from pathlib import Path

import pytest
from days import ROSTER, config_for
from msgspec.structs import replace

from exam.roster import Participant
from station.config import Exam, Recording, Web
from station.web.facts import facts_of
from station.web.room import folders_of, pin_in


def test_people_limits_and_budget_are_told(tmp_path: Path) -> None:
    told = facts_of(config_for(tmp_path), ROSTER, has_pin=False)
    assert (told["room"], told["exam_date"], told["pin"]) == ("265", "2026-02-11", False)
    assert [person["number"] for person in told["people"]] == [1, 2, 3, 4]
    assert told["people"][0] | {"tasks": None} == {
        "number": 1, "surname": "Иванов", "first_name": "Иван", "patronymic": "Иванович", "class": "9А",
        "room": "265", "extended": False, "scheme": 2, "tasks": None, "playback": True,
    }  # fmt: skip
    assert [(step["task"], step["prepare_s"], step["answer_s"]) for step in told["steps"]] == [
        (1, 120, 120), (2, 120, 180), (3, 60, 180), (4, 0, 180),
    ]  # fmt: skip
    assert told["budget"] == {"ordinary_s": 960, "extra_s": 1800, "finished_after_s": 1500}
    assert sum(step["prepare_s"] + step["answer_s"] for step in told["steps"]) == 960


@pytest.mark.parametrize(
    ("scheme", "own", "recording", "room_plays", "person_plays"),
    [
        (1, None, "stream", False, False),
        (1, None, "both", True, True),
        (2, None, "stream", True, True),
        (1, 2, "stream", False, True),
        (2, 1, "stream", True, False),
    ],
)
def test_scheme_1_with_the_stream_alone_has_no_playback(
    tmp_path: Path, scheme: int, own: int | None, recording: Recording, *, room_plays: bool, person_plays: bool
) -> None:
    config = config_for(tmp_path)
    config = replace(config, exam=Exam(date=config.exam.date, scheme=scheme, recording=recording))
    told = facts_of(config, {1: Participant(1, "Иванов", "Иван", scheme=own)}, has_pin=True)
    assert (told["playback"], told["people"][0]["playback"]) == (room_plays, person_plays)


@pytest.mark.parametrize(("content", "known"), [("4711\n", True), ("", False), (None, False), ("\xff", True)])
def test_a_pin_that_cannot_be_read_opens_nothing(tmp_path: Path, content: str | None, *, known: bool) -> None:
    config = replace(config_for(tmp_path), web=Web(pin_file="pin"))
    if content is not None:
        (tmp_path / "pin").write_text(content, encoding="utf-8")
    pin = pin_in(config)
    assert (pin is not None) is known
    assert pin is None or pin.try_("0", 0) == "wrong"


def test_the_second_folder_is_looked_into_last(tmp_path: Path) -> None:
    assert folders_of(config_for(tmp_path)) == [config_for(tmp_path).day_folder]
