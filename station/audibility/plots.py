"""The left of the page: the recording over time, on matplotlib's axes. For `picture` alone.

Nothing is told by colour alone: voices and events have rows with names, gaps are hatched, thresholds are labelled.
"""

from typing import TYPE_CHECKING

import numpy as np

from exam.language import say
from station.audibility import page as pages
from station.audibility.findings import MetricName
from station.audibility.page import LOWEST_DBFS, Columns, Page
from station.audibility.spectrogram import height
from station.audibility.telling import clock, voice_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1b1b1b"
CHANNEL_COLOURS = ("#1f5a8a", "#a8480a")
CHANNEL_LINES = ("-", "--")
SMALL = 7.5

_VOICES = (
    (pages.PARTICIPANT, "#0072b2", "///"),
    (pages.INTERLOCUTOR, "#d07c00", "\\\\\\"),
    (pages.SOMEBODY, "#777777", "..."),
)
_EVENTS: tuple[tuple[MetricName, str, str, str], ...] = (
    ("clipping", "перегрузка", "clipping", "|"),
    ("dropouts", "выпадения", "dropouts", "x"),
    ("transients", "стуки", "knocks", "^"),
)
_EVENT_COLOUR = "#b00020"
_TICKS_S = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 9
_NARROW, _NARROWER = 0.09, 0.025
"""Steps shorter than this share of the whole get their short name, or none."""
_HUM_HZ = tuple(50.0 * harmonic for harmonic in (1, 2, 3, 4, 5, 6, 8, 10, 12))
_PAPER = {"facecolor": "white", "alpha": 0.8, "pad": 0.8, "linewidth": 0}
"""Behind words that stand on a plot."""
_SPECTRUM_HZ = (0, 100, 200, 500, 1000, 2000, 4000, 8000, 12000)


def over_time(axes: "Axes", page: Page, *, is_lowest: bool = False) -> None:
    """The time axis, the bounds of steps and the recorded gaps: the same in every plot."""
    axes.set_xlim(0, page.seconds)
    step = next((step for step in _TICKS_S if page.seconds / step <= _MOST_TICKS), _TICKS_S[-1])
    ticks = np.arange(0, page.seconds + step / 1000, step)
    words = [f"{at:.1f}" for at in ticks] if step < 1 else [clock(at) for at in ticks]
    axes.set_xticks(ticks, words if is_lowest else [""] * len(ticks), fontsize=SMALL)
    axes.tick_params(labelsize=SMALL, length=2, pad=2)
    for bound in {at for part in page.case.timeline.steps for at in (part.start_s, part.end_s)}:
        axes.axvline(bound, color=INK, linewidth=0.7, linestyle=(0, (1, 2)))
    for gap in page.case.gaps:
        first, length = (page.track.shape.seconds(frames) for frames in (gap.first_frame, gap.frames))
        least = page.seconds / pages.COLUMNS
        axes.axvspan(first, first + max(length, least), facecolor="#dddddd", edgecolor=INK, hatch="xxx", linewidth=0)


def waveform(axes: "Axes", page: Page, columns: Columns) -> None:
    """The outline of each channel, its steps named above."""
    channels = page.track.shape.channels
    for channel in range(channels):
        middle = -2.2 * channel
        outline = columns.peak[:, channel]
        colour = CHANNEL_COLOURS[channel % 2]
        axes.fill_between(columns.at_s, middle - outline, middle + outline, color=colour, linewidth=0.4, step="post")
        if channels > 1:
            axes.text(-0.008, middle, channel_words(page, channel), transform=axes.get_yaxis_transform(), ha="right",
                      va="center", fontsize=SMALL)  # fmt: skip
    if channels == 1:
        axes.set_ylabel(say("сигнал", "signal"), fontsize=SMALL)
    axes.set_yticks([])
    axes.set_ylim(-2.2 * (channels - 1) - 1.05, 1.05)
    over_time(axes, page)
    _name_steps(axes, page)


def channel_words(page: Page, channel: int) -> str:
    """Whose microphone it is, or its number."""
    seat = page.case.seats[channel] if channel < len(page.case.seats) else ""
    if seat in {"participant", "interlocutor"}:
        return voice_word("participant" if seat == "participant" else "interlocutor")
    return seat or say("канал", "channel") + f" {channel + 1}"


def _name_steps(axes: "Axes", page: Page) -> None:
    for part in page.case.timeline.steps:
        share = (part.end_s - part.start_s) / page.seconds
        long, short = pages.step_words(part)
        if share >= _NARROWER and part.start_s < page.seconds:
            middle = (part.start_s + min(part.end_s, page.seconds)) / 2
            axes.text(middle, 1.03, short if share < _NARROW else long, transform=axes.get_xaxis_transform(),
                      ha="center", va="bottom", fontsize=8, color=INK)  # fmt: skip


def levels(axes: "Axes", page: Page, columns: Columns) -> None:
    """The level of every moment between the bounds that are wanted of a voice and of the noise."""
    wanted = page.case.thresholds
    axes.axhspan(wanted.level_low_warn, wanted.level_high_warn, color="#dcefdc", linewidth=0)
    for channel in range(page.track.shape.channels):
        colour, line = CHANNEL_COLOURS[channel % 2], CHANNEL_LINES[channel % 2]
        reach = (columns.quietest[:, channel], columns.loudest[:, channel])
        axes.fill_between(columns.at_s, *reach, color=colour, alpha=0.22, linewidth=0, step="post")
        axes.plot(columns.at_s, columns.mean[:, channel], color=colour, linewidth=0.8, linestyle=line,
                  drawstyle="steps-post", label=channel_words(page, channel))  # fmt: skip
    bounds = (
        (wanted.level_high_warn, say("голос не громче", "voice below"), "--"),
        (wanted.level_low_warn, say("голос не тише", "voice above"), "--"),
        (wanted.noise_warn, say("шум не громче", "noise below"), ":"),
    )
    for level, words, line in bounds:
        axes.axhline(level, color=INK, linewidth=0.9, linestyle=line)
        axes.text(0.995, level, f"{words} {level:.0f}", transform=axes.get_yaxis_transform(), ha="right",
                  va="bottom", fontsize=SMALL, bbox=_PAPER)  # fmt: skip
    axes.set_ylim(LOWEST_DBFS, 0)
    axes.set_yticks(range(-80, 1, 20))
    axes.set_ylabel(say("уровень, dBFS", "level, dBFS"), fontsize=SMALL, labelpad=1)
    if page.track.shape.channels > 1:
        axes.legend(loc="upper left", fontsize=SMALL, ncols=2, framealpha=0.8, borderpad=0.2)
    over_time(axes, page)


def voices(axes: "Axes", page: Page) -> None:
    """Who speaks when: a row for each voice."""
    known = {pages.PARTICIPANT, pages.INTERLOCUTOR}
    shown = _VOICES if page.case.timeline.steps or known & set(np.unique(page.voices).tolist()) else _VOICES[2:]
    names = {
        pages.PARTICIPANT: voice_word("participant"),
        pages.INTERLOCUTOR: voice_word("interlocutor"),
        pages.SOMEBODY: say("чей, неизвестно", "whose: unknown") if len(shown) > 1 else say("речь", "speech"),
    }
    for row, (voice, colour, hatch) in enumerate(shown):
        axes.broken_barh(pages.spoken(page, voice), (row - 0.4, 0.8), facecolor=colour, edgecolor="white", hatch=hatch,
                         linewidth=0)  # fmt: skip
    _rows(axes, [names[voice] for voice, _, _ in shown])
    over_time(axes, page)


def events(axes: "Axes", page: Page) -> None:
    """What must not be in a recording: a row and a sign for each kind."""
    for row, (name, _, _, sign) in enumerate(_EVENTS):
        places = [place.start_s for metric in page.verdict.metrics if metric.name == name for place in metric.places]
        at = sorted({*places, *pages.clipped_s(page.track)}) if name == "clipping" else places
        axes.plot(at, [row] * len(at), sign, color=_EVENT_COLOUR, markersize=5, markeredgewidth=1.2)
    _rows(axes, [say(ru, en) for _, ru, en, _ in _EVENTS])
    over_time(axes, page)


def _rows(axes: "Axes", names: list[str]) -> None:
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=SMALL)
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color="#dddddd", linewidth=0.6)


def spectrum(axes: "Axes", page: Page) -> None:
    """The spectrogram; lines of mains hum are pointed at where hum was found."""
    drawn = page.spectrogram.levels()
    top = float(height(page.spectrogram.highest_hz))
    if len(drawn):
        faintest, strongest = np.percentile(drawn, (5, 99.8))
        axes.imshow(drawn.T, origin="lower", aspect="auto", extent=(0, page.spectrogram.seconds, 0, top),
                    cmap="viridis", vmin=faintest, vmax=max(strongest, faintest + 30))  # fmt: skip
    axes.set_ylim(0, top)
    shown = [frequency for frequency in _SPECTRUM_HZ if frequency <= page.spectrogram.highest_hz]
    axes.set_yticks([float(height(frequency)) for frequency in shown],
                    [f"{frequency / 1000:g}".replace(".", say(",", ".")) for frequency in shown])  # fmt: skip
    axes.set_ylabel(say("частота, кГц", "frequency, kHz"), fontsize=SMALL, labelpad=1)
    if any(metric.name == "hum" and metric.grade in {"warn", "fail"} for metric in page.verdict.metrics):
        _point_at_hum(axes)
    over_time(axes, page, is_lowest=True)


def _point_at_hum(axes: "Axes") -> None:
    for frequency in _HUM_HZ:
        axes.axhline(float(height(frequency)), color="white", linewidth=0.7, linestyle=(0, (4, 6)), alpha=0.8)
    axes.text(0.01, float(height(_HUM_HZ[-1])) + 0.06, say("гул сети: 50, 100, 150… Гц", "mains hum: 50, 100, 150… Hz"),
              transform=axes.get_yaxis_transform(), fontsize=SMALL, bbox=_PAPER)  # fmt: skip
