"""Grades what is missing of a channel's sound: dropouts, recorded losses, a microphone that is muted. Pure.

For `fault_metrics`.
"""

from collections.abc import Sequence

import numpy as np

from exam.audio import Gap
from exam.language import say
from station.audibility.findings import Grade, Metric, Place
from station.audibility.flaws import Fault
from station.audibility.graded import Heard
from station.audibility.places import clock, longest, plural
from station.audibility.track import CELL_S
from station.audibility.words import number

_BESIDE_S = 0.05
"""A fault so near to a recorded loss belongs to it."""
_MUTED = 0.95
"""The share of a channel that is exactly zero when the microphone was never on."""
_GATE_RUNS, _GATE_SHARE = 6, 0.3
"""So many silences that fill this share of the pauses are made by noise suppression."""
_AMID_WORDS, _LONGEST_AMID_S = 10**-1.5, 0.3
"""It leaves no sound so near to the mean power of speech before and after a silence as short as this."""


def dropouts(heard: Heard, gaps: Sequence[Gap]) -> Metric:
    """How many there are. Silences that noise suppression makes between words are none."""
    track = heard.track
    own = [fault for fault in track.flaws.faults if fault.channel == heard.channel]
    zeros = sum(fault.frames for fault in own if fault.kind == "zeros")
    if track.frames and zeros >= _MUTED * track.frames:
        return heard.metric("dropouts", "unknown", None, reason=say("звука нет совсем", "there is no sound at all"))
    faults = _without_gate(heard, [fault for fault in own if not _recorded(fault, gaps, track.shape.frames(_BESIDE_S))])
    spans = [(fault.first_frame, fault.frames) for fault in faults] + [(gap.first_frame, gap.frames) for gap in gaps]
    places = [
        Place(round(track.shape.seconds(first), 3), round(track.shape.seconds(first + frames), 3))
        for first, frames in spans
    ]
    limits = heard.thresholds
    total = sum(place.end_s - place.start_s for place in places)
    bad = len(places) >= limits.dropouts_fail or any(p.end_s - p.start_s >= limits.dropout_fail_s for p in places)
    grade: Grade = "pass" if len(places) < limits.dropouts_warn else "fail" if bad else "warn"
    if not places:
        return heard.metric("dropouts", grade, 0.0)
    worst = longest(places)
    return heard.metric(
        "dropouts",
        grade,
        float(len(places)),
        reason=_reason(len(places), total, worst[0]),
        advice=_advice(faults, gaps),
        places=worst,
    )


def _reason(count: int, total_s: float, worst: Place) -> str:
    times = plural(count, "раз", "раза", "раз")
    lost = number(total_s, 0) if total_s >= 10 else number(total_s, 2)  # noqa: PLR2004 - digits worth reading
    return say(
        f"звук пропадал {count} {times}, всего {lost} с, дольше всего в {clock(worst.start_s)}",
        f"the sound was lost {count} times, {lost} s in all, the longest at {clock(worst.start_s)}",
    )


def _advice(faults: Sequence[Fault], gaps: Sequence[Gap]) -> str:
    if any(gap.reason == "device_lost" for gap in gaps):
        return say(
            "Проверьте кабель микрофона: он отключался. Вставьте его прямо в компьютер, без разветвителя.",
            "Check the microphone's cable: it was unplugged. Plug it into the computer itself, without a hub.",
        )
    if any(gap.reason == "outage" for gap in gaps) and not faults:
        return say(
            "Программа записи останавливалась: не выключайте компьютер и не закрывайте её во время экзамена.",
            "The recording program had stopped: do not switch the computer off during the exam.",
        )
    return say(
        "Закройте другие программы и вставьте микрофон прямо в компьютер, без разветвителя и не по Bluetooth.",
        "Close other programs, and plug the microphone into the computer itself: no hub, no Bluetooth.",
    )


def _recorded(fault: Fault, gaps: Sequence[Gap], beside: int) -> bool:
    end = fault.first_frame + fault.frames
    return any(fault.first_frame < gap.end + beside and gap.first_frame < end + beside for gap in gaps)


def _without_gate(heard: Heard, faults: Sequence[Fault]) -> list[Fault]:
    """Without the silences of a noise gate: they fill the pauses, and a dropout between two words is told no more."""
    rate, speech = heard.track.shape.sample_rate, heard.frames.speech
    silences = [fault for fault in faults if fault.kind != "repeat"]
    silent_s = sum(fault.frames for fault in silences) / rate
    if len(silences) < _GATE_RUNS or silent_s < _GATE_SHARE * float((~speech).sum()) * CELL_S:
        return list(faults)

    spoken = heard.track.power[speech, heard.channel]
    least = float(spoken.mean()) * _AMID_WORDS if len(spoken) else np.inf

    def amid_words(fault: Fault) -> bool:
        cells = int(fault.first_frame / rate / CELL_S) - 1, int((fault.first_frame + fault.frames) / rate / CELL_S) + 1
        loud = heard.track.power[np.clip(cells, 0, heard.track.cells - 1), heard.channel] > least
        return bool(loud.all()) and fault.frames < _LONGEST_AMID_S * rate

    return [fault for fault in faults if fault.kind == "repeat" or amid_words(fault)]
