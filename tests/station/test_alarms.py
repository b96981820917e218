"""Alarms: raised once, their beginning kept, gone when over; every text in both languages."""

from datetime import timedelta

import pytest
from days import MORNING

from exam.language import VARIABLE
from station import alarms
from station.alarms import Alarms

LATER = MORNING + timedelta(minutes=1)


def test_an_alarm_keeps_its_beginning_and_renews_its_text() -> None:
    standing = Alarms()
    standing.raise_("device_lost", MORNING, "первая причина")
    standing.raise_("device_lost", LATER, "вторая причина")
    (alarm,) = standing.standing()
    assert (alarm.code, alarm.since, alarm.severity) == ("device_lost", MORNING, "red")
    assert "вторая причина" in alarm.text


def test_a_cleared_alarm_leaves_and_begins_anew() -> None:
    standing = Alarms()
    standing.clear("overflow")
    standing.raise_("overflow", MORNING)
    standing.clear("overflow")
    assert standing.standing() == ()
    standing.raise_("overflow", LATER)
    assert standing.standing()[0].since == LATER


def test_what_was_told_stays_as_it_was_told() -> None:
    standing = Alarms()
    standing.raise_("disk_low", MORNING, "1")
    seen = standing.standing()
    standing.clear("disk_low")
    assert len(seen) == 1


def test_two_causes_told_by_one_code_are_over_each_by_itself() -> None:
    standing = Alarms()
    standing.raise_("disk_failed", MORNING, "запись")
    standing.raise_("chain_not_kept", LATER, "цепочка")
    assert [(alarm.code, alarm.since) for alarm in standing.standing()] == [
        ("disk_failed", MORNING),
        ("disk_failed", LATER),
    ]
    standing.clear("chain_not_kept")
    assert [alarm.severity for alarm in standing.standing()] == ["red"]


@pytest.mark.parametrize("code", sorted(alarms._TEXTS))
def test_every_alarm_speaks_both_languages(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = set()
    for language in ("ru", "en"):
        monkeypatch.setenv(VARIABLE, language)
        standing = Alarms()
        standing.raise_(code, MORNING, "подробность")
        texts.add(standing.standing()[0].text)
        assert standing.standing()[0].severity in {"warn", "red"}
    assert len(texts) == 2
