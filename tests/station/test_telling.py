"""A verdict in lines: the headline, then each reason with advice and places, the worst first."""

import pytest

from station.audibility.findings import Metric, Place, Verdict
from station.audibility.telling import clock, lines_of, metric_words, places_words, value_words

HUM = Metric(name="hum", grade="warn", value=7.26, unit="dB", reason="Слышно гудение.", advice="Отодвиньте провод.")
QUIET = Metric(
    name="level",
    grade="fail",
    value=-41.0,
    unit="dBFS",
    voice="participant",
    reason="Голос слишком тихий.",
    places=(Place(61.0, 75.5), Place(3700.0, 3700.4)),
)
UNKNOWN = Metric(name="snr", grade="unknown", voice="interlocutor", reason="Нет отметок заданий.")
FINE = Metric(name="noise", grade="pass", value=-60.0, unit="dBFS", reason="Тихо.")


def verdict(*metrics: Metric) -> Verdict:
    return Verdict(basis="file", grade="fail", seconds=962.0, speech_s=571.0, metrics=metrics)


def test_the_worst_comes_first_and_what_is_well_is_not_told() -> None:
    assert lines_of(verdict(UNKNOWN, HUM, FINE, QUIET)) == [
        "плохо (16:02, речь 09:31)",
        "  плохо: Голос слишком тихий. Послушать: 01:01-01:15, 1:01:40.",
        "  сомнительно: Слышно гудение. Отодвиньте провод.",
        "  не определено: голос над шумом (собеседник): Нет отметок заданий.",
    ]


def test_what_is_not_determined_for_one_reason_is_told_once() -> None:
    why = "не определено: нет отметок заданий"
    metrics = [
        Metric(name=name, grade="unknown", voice=voice, reason=why)
        for voice in ("interlocutor", "participant")
        for name in ("level", "snr")
    ]
    (_, line) = lines_of(verdict(*metrics))
    assert line == ("  не определено: громкость голоса, голос над шумом (собеседник, участник): нет отметок заданий")


def test_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    assert lines_of(verdict(HUM))[0] == "bad (16:02, speech 09:31)"
    assert (metric_words(QUIET), value_words(HUM)) == ("Level of the voice (participant)", "7.3 dB")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(None, "dBFS", "-"), (-24.0, "dBFS", "-24,0 dBFS"), (0.0, "%", "0 %"), (0.0042, "%", "0,0042 %"),
     (0.12, "%", "0,12 %"), (7.3, "1/min", "7,3 в мин"), (182.4, "s", "182 с"), (7912.0, "Hz", "7912 Гц"),
     (3, "", "3")],
)  # fmt: skip
def test_values_have_the_digits_that_matter(value: float | None, unit: str, words: str) -> None:
    assert value_words(Metric(name="noise", grade="pass", value=value, unit=unit)) == words


def test_of_many_places_the_first_few() -> None:
    assert places_words([Place(each, each) for each in range(9)]) == "00:00, 00:01, 00:02, 00:03 и ещё 5"
    assert places_words([Place(1.0, 1.1), Place(1.2, 1.3)]) == "00:01", "the same second once"


def test_channels_are_counted_from_one() -> None:
    assert metric_words(Metric(name="dc", grade="pass", channel=1)) == "Постоянное смещение (канал 2)"


def test_the_clock_shows_hours_only_where_there_are_any() -> None:
    assert (clock(0.99), clock(59.9), clock(3599), clock(36000)) == ("00:00", "00:59", "59:59", "10:00:00")
