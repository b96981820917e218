"""A verdict in words: what is measured and how good it is called, and the lines a terminal shows. Pure.

The sentences of reasons and advice come with the findings; here they are only laid out. For `station check`,
`station rehearse` and the picture.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from exam.language import russian, say
from station.audibility.findings import Grade, Metric, MetricName, Place, Verdict, Voice

_MOST_PLACES = 4
_GRADES: dict[Grade, tuple[str, str]] = {
    "pass": ("хорошо", "good"),
    "warn": ("сомнительно", "doubtful"),
    "fail": ("плохо", "bad"),
    "unknown": ("не определено", "not determined"),
}
_METRICS: dict[MetricName, tuple[str, str]] = {
    "noise": ("Шум в тишине", "Noise in silence"),
    "suppression": ("Шумоподавление", "Noise suppression"),
    "snr": ("Голос над шумом", "Voice above noise"),
    "level": ("Громкость голоса", "Level of the voice"),
    "difference": ("Разница голосов", "Difference of the voices"),
    "active": ("Звучит речь", "Speech heard"),
    "clipping": ("Перегрузка", "Clipping"),
    "dropouts": ("Выпадения звука", "Dropouts"),
    "hum": ("Гул электросети", "Mains hum"),
    "transients": ("Стуки, щелчки", "Knocks and clicks"),
    "bandwidth": ("Полоса частот", "Bandwidth"),
    "dc": ("Постоянное смещение", "DC offset"),
    "rate": ("Частота и часы", "Sample rate and clock"),
    "separation": ("Разделение микрофонов", "Separation of the seats"),
}
_VOICES: dict[Voice, tuple[str, str]] = {
    "participant": ("участник", "participant"),
    "interlocutor": ("собеседник", "interlocutor"),
}
_UNITS = {"dB": "дБ", "Hz": "Гц", "s": "с", "1/min": "в мин"}
"""Of the findings, in Russian; others are the same in both languages."""
_LEVELS = {"dB", "дБ", "dBFS"}
_WORST_FIRST: tuple[Grade, ...] = ("fail", "warn", "unknown")


def grade_word(grade: Grade) -> str:
    return say(*_GRADES[grade])


def voice_word(voice: Voice) -> str:
    return say(*_VOICES[voice])


def metric_words(metric: Metric) -> str:
    """What is measured, and whose, else in which channel."""
    whose = [voice_word(metric.voice)] if metric.voice else []
    if metric.channel is not None and not metric.voice:
        whose.append(say("канал", "channel") + f" {metric.channel + 1}")
    return say(*_METRICS[metric.name]) + (f" ({', '.join(whose)})" if whose else "")


def value_words(metric: Metric) -> str:
    """The value with its unit, `-` where it could not be determined."""
    if metric.value is None:
        return "-"
    digits = 1 if metric.unit in _LEVELS else _digits(metric.value)
    number = f"{metric.value:.{digits}f}"
    return f"{_decimal(number)} {say(_UNITS.get(metric.unit, metric.unit), metric.unit)}".rstrip()


def clock(seconds: float) -> str:
    """`mm:ss`, from an hour on `h:mm:ss`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def places_words(places: Iterable[Place]) -> str:
    """Where to listen, the first few."""
    listed = list(dict.fromkeys(_place(place) for place in places))
    more = say(f" и ещё {len(listed) - _MOST_PLACES}", f" and {len(listed) - _MOST_PLACES} more")
    return ", ".join(listed[:_MOST_PLACES]) + (more if len(listed) > _MOST_PLACES else "")


def headline(verdict: Verdict) -> str:
    """The whole in a few words: grade, length, how long somebody speaks."""
    length, speech = clock(verdict.seconds), clock(verdict.speech_s)
    return f"{grade_word(verdict.grade)} ({length}, {say('речь', 'speech')} {speech})"


class Told(NamedTuple):
    """One thing a person is told. `text`: what is wrong, what to do, where to listen."""

    grade: Grade
    text: str


def told(verdict: Verdict) -> list[Told]:
    """The worst first: bad, doubtful, not determined. What is so for the same reason is told once."""
    alike: dict[tuple[Grade, str, str], list[Metric]] = {}
    for metric in verdict.metrics:
        if metric.reason:
            alike.setdefault((metric.grade, metric.reason, metric.advice), []).append(metric)
    return [
        Told(grade, _sentence(grade, metrics))
        for grade in _WORST_FIRST
        for (of_grade, _, _), metrics in alike.items()
        if of_grade == grade
    ]


def lines_of(verdict: Verdict) -> list[str]:
    """The verdict for a terminal: the headline, then an indented line for each reason, the worst first."""
    return [headline(verdict), *(f"  {grade_word(each.grade)}: {each.text}" for each in told(verdict))]


def _sentence(grade: Grade, metrics: Sequence[Metric]) -> str:
    first = metrics[0]
    reason = first.reason.strip()
    if grade == "unknown":
        reason = f"{_subject(metrics)}: {reason.removeprefix(f'{grade_word(grade)}: ')}"
    text = " ".join(part for part in (reason, first.advice.strip()) if part)
    where = places_words(place for metric in metrics for place in metric.places)
    return f"{text} {say('Послушать', 'Listen at')}: {where}." if where else text


def _subject(metrics: Sequence[Metric]) -> str:
    """What is not determined, and whose."""
    names = dict.fromkeys(say(*_METRICS[metric.name]).lower() for metric in metrics)
    voices = dict.fromkeys(voice_word(metric.voice) for metric in metrics if metric.voice)
    return ", ".join(names) + (f" ({', '.join(voices)})" if voices else "")


def _place(place: Place) -> str:
    first, last = clock(place.start_s), clock(place.end_s)
    return first if first == last else f"{first}-{last}"


def _digits(value: float) -> int:
    """Small shares need more digits than large numbers."""
    if value == round(value):
        return 0
    return next((digits for digits in range(5) if abs(value) >= 10 ** (1 - digits)), 5)


def _decimal(number: str) -> str:
    return number.replace(".", ",") if russian() else number
