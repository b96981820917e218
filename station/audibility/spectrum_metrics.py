"""Grades hum and bandwidth. Pure; for `fault_metrics`."""

from exam.language import say
from station.audibility import tones
from station.audibility.findings import Grade, Metric
from station.audibility.graded import Heard
from station.audibility.words import number


def hum(heard: Heard) -> Metric:
    """By how many dB the mains stand out."""
    limits, found = heard.thresholds, tones.hum(heard.track.flaws.hum[heard.channel])
    if found is None:
        reason = say("запись слишком короткая, чтобы судить о гуле сети", "too short to judge the hum of the mains by")
        return heard.metric("hum", "unknown", None, "dB", reason=reason)
    grade: Grade = "pass"
    if found.prominence >= limits.hum_warn and found.lines_hz:
        loud = heard.active_dbfs is not None and found.dbfs > heard.active_dbfs - limits.hum_below_active
        grade = "fail" if loud else "warn"
    lines = ", ".join(number(line) for line in found.lines_hz[:4])
    return heard.metric(
        "hum",
        grade,
        found.prominence,
        "dB",
        reason=say(
            f"слышен гул электросети ({lines} Гц) на уровне {number(found.dbfs)} дБ",
            f"mains hum ({lines} Hz) at {number(found.dbfs)} dBFS",
        ),
        advice=say(
            "Уберите микрофон и его кабель от блоков питания и удлинителей, отключите зарядку ноутбука.",
            "Move microphone and cable away from power supplies, and unplug the laptop's charger.",
        ),
    )


def bandwidth(heard: Heard) -> Metric:
    """Up to which frequency voices reach, Hz."""
    limits, found = heard.thresholds, tones.reach(heard.track.flaws.bands[heard.channel])
    if found is None:
        reason = say("слишком мало речи, чтобы судить о полосе частот", "too little speech to judge the bandwidth by")
        return heard.metric("bandwidth", "unknown", None, "Hz", reason=reason)
    if found.hz < limits.bandwidth_warn_hz and found.hidden:
        reason = say(
            f"выше {number(found.hz)} Гц речь скрыта шумом: полоса частот не определена",
            f"noise hides speech above {number(found.hz)} Hz: the bandwidth is not determined",
        )
        return heard.metric("bandwidth", "unknown", found.hz, "Hz", reason=reason)
    fails = found.hz < limits.bandwidth_fail_hz
    return heard.metric(
        "bandwidth",
        "fail" if fails else "warn" if found.hz < limits.bandwidth_warn_hz else "pass",
        found.hz,
        "Hz",
        reason=say(
            f"звук глухой, как по телефону: частоты только до {number(found.hz)} Гц",
            f"the sound is dull, as on the telephone: nothing above {number(found.hz)} Hz",
        ),
        advice=say(
            "Возьмите проводной микрофон вместо Bluetooth-гарнитуры и отключите «улучшения» и шумоподавление.",
            "Take a wired microphone instead of a Bluetooth headset, and switch enhancements and suppression off.",
        ),
    )
