"""Grades of what was wrong with a sound itself, whoever spoke: one metric of each kind for each channel. Pure.

Called by `verdict`.
"""

from collections.abc import Sequence

import numpy as np

from exam.audio import Gap
from exam.language import say
from station.audibility.dropout_metrics import dropouts
from station.audibility.faults import CHUNK_S
from station.audibility.findings import Grade, Metric
from station.audibility.flaws import NO_FLAWS
from station.audibility.graded import Heard, rising
from station.audibility.places import clock, merged
from station.audibility.spectrum_metrics import bandwidth, hum
from station.audibility.speech import Frames
from station.audibility.thresholds import Thresholds
from station.audibility.track import CELL_S, Track, dbfs
from station.audibility.words import number

_TOPS_LEAST, _TOPS_SHARE = 4, 5e-5
"""So many flat tops, and this share of what is spoken: fewer are chance."""
_NEAR_S = 1.0
"""Clipped cells so near to each other are one place to listen to."""
_CLICK_DB, _BELOW_ACTIVE_DB, _CLICK_S = 12.0, 25.0, 0.1
"""A knock stands out of the pauses by this, comes this near to the voices, and is one within this time."""
_LEAST_PAUSES_S = 5.0
_MINUTE_S = 60.0


def metrics(
    track: Track,
    frames: Frames,
    gaps: Sequence[Gap],
    thresholds: Thresholds,
    *,
    active_dbfs: float | None = None,
    drift_ppm: float | None = None,
) -> tuple[Metric, ...]:
    """`active_dbfs`: the level of whoever speaks; without it, that of each channel's cells of speech.

    `drift_ppm`: by how many millionths the sound's clock runs faster than the computer's, if that was measured.
    """
    found: list[Metric] = []
    for channel in range(track.shape.channels):
        active = _active_dbfs(track, channel, frames) if active_dbfs is None else active_dbfs
        heard = Heard(track, channel, frames, thresholds, active)
        found += [clipping(heard), dropouts(heard, gaps), transients(heard), dc(heard)]
        if track.flaws is not NO_FLAWS:
            found += [hum(heard), bandwidth(heard)]
    if drift_ppm is not None:
        found.append(rate(drift_ppm, thresholds))
    return tuple(found)


def clipping(heard: Heard) -> Metric:
    """Per cent of the samples that are spoken."""
    track, limits = heard.track, heard.thresholds
    spoken = max(1.0, float(heard.frames.speech.sum() or track.cells) * CELL_S * track.shape.sample_rate)
    clipped = track.clipped[:, heard.channel].astype(np.float64)
    per_chunk = round(CHUNK_S / CELL_S)
    tops = track.flaws.tops[heard.channel] if track.flaws.tops else ()
    runs, samples = sum(int(top.runs.sum()) for top in tops), sum(int(top.samples.sum()) for top in tops)
    is_cut_below = runs >= _TOPS_LEAST and samples >= _TOPS_SHARE * spoken and track.cells > 0
    for top in tops if is_cut_below else ():
        np.add.at(clipped, np.minimum(top.chunk * per_chunk, track.cells - 1), top.samples)
    share = 100 * float(clipped.sum()) / spoken
    grade = rising(share, limits.clipped_warn, limits.clipped_fail)
    cells = np.flatnonzero(clipped)
    places = merged(cells * CELL_S, CELL_S, _NEAR_S, clipped[cells])
    at = clock(places[0].start_s) if places else ""
    return heard.metric(
        "clipping",
        "warn" if is_cut_below and grade == "pass" else grade,
        share,
        "%",
        reason=say(
            f"голос перегружен и хрипит: срезано {number(share, 2)} % звука, сильнее всего в {at}",
            f"the voice is overloaded: {number(share, 2)} % of it is cut off, most of all at {at}",
        ),
        advice=say(
            "Отодвиньте микрофон от говорящего или убавьте усиление микрофона в настройках звука.",
            "Move the microphone away from the speaker, or turn its gain down in the sound settings.",
        ),
        places=places,
    )


def transients(heard: Heard) -> Metric:
    """Knocks and clicks in the pauses, a minute of pauses."""
    limits, level = heard.thresholds, dbfs(heard.track.power[:, heard.channel])
    pauses = heard.frames.noise
    seconds = float(pauses.sum()) * CELL_S
    if seconds < _LEAST_PAUSES_S or heard.active_dbfs is None:
        reason = say("слишком мало пауз, чтобы судить о стуках", "too few pauses to judge knocks by")
        return heard.metric("transients", "unknown", None, "1/min", reason=reason)
    least = max(float(np.median(level[pauses])) + _CLICK_DB, heard.active_dbfs - _BELOW_ACTIVE_DB)
    cells = np.flatnonzero(pauses & (level > least))
    firsts = np.flatnonzero(np.diff(cells, prepend=-1_000_000) > round(_CLICK_S / CELL_S))
    a_minute = len(firsts) * _MINUTE_S / seconds
    loudest = np.maximum.reduceat(level[cells], firsts) if len(firsts) else np.empty(0)
    near = len(firsts) > 0 and float(np.median(loudest)) >= heard.active_dbfs - limits.transient_below_active
    grade = rising(a_minute, limits.transients_warn, limits.transients_fail)
    places = merged(cells * CELL_S, CELL_S, _CLICK_S, level[cells] + 200)
    at = clock(places[0].start_s) if places else ""
    return heard.metric(
        "transients",
        "warn" if grade == "fail" and not near else grade,
        a_minute,
        "1/min",
        reason=say(
            f"стуки и щелчки в паузах, {number(a_minute)} в минуту, например в {at}",
            f"knocks and clicks in the pauses, {number(a_minute)} a minute, at {at} for one",
        ),
        advice=say(
            "Поставьте микрофон на мягкую подставку, отодвиньте от клавиатуры и бумаг, попросите не стучать по столу.",
            "Put the microphone on something soft, away from keyboard and papers, and ask not to knock on the table.",
        ),
        places=places,
    )


def dc(heard: Heard) -> Metric:
    """The mean of the whole sound, 1.0 is full scale."""
    means = heard.track.mean[:, heard.channel]
    offset = abs(float(means.mean(dtype=np.float64))) if len(means) else 0.0
    return heard.metric(
        "dc",
        rising(offset, heard.thresholds.dc_warn, heard.thresholds.dc_fail),
        offset,
        "",
        reason=say(
            f"постоянная составляющая {number(100 * offset, 1)} % шкалы: вход звуковой карты неисправен",
            f"a constant offset of {number(100 * offset, 1)} % of the scale: the sound card's input is faulty",
        ),
        advice=say(
            "Возьмите другой микрофон или подключите его к другому входу, лучше по USB.",
            "Take another microphone, or plug it into another input, USB if there is one.",
        ),
    )


def rate(drift_ppm: float, thresholds: Thresholds) -> Metric:
    """Of the sound's clock against the computer's, per cent."""
    off = abs(drift_ppm) / 1e6
    grade: Grade = rising(off, thresholds.rate_warn, thresholds.rate_fail)
    if grade == "pass":
        return Metric(name="rate", grade=grade, value=round(100 * off, 4), unit="%")
    faster = drift_ppm > 0
    return Metric(
        name="rate",
        grade=grade,
        value=round(100 * off, 4),
        unit="%",
        reason=say(
            f"Часы микрофона {'спешат' if faster else 'отстают'} на {number(100 * off, 2)} %: речь звучит "
            f"{'медленнее' if faster else 'быстрее'}, чем была.",
            f"The microphone's clock is {'fast' if faster else 'slow'} by {number(100 * off, 2)} %.",
        ),
        advice=say(
            "Подключите микрофон прямо к компьютеру по USB; если не поможет, возьмите другой.",
            "Plug the microphone into the computer itself; if that does not help, take another.",
        ),
    )


def _active_dbfs(track: Track, channel: int, frames: Frames) -> float | None:
    spoken = track.power[frames.speech, channel]
    return float(dbfs(float(spoken.mean(dtype=np.float64)))) if len(spoken) else None
