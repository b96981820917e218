"""The one-page picture of a recording: what is heard over time at the left, the verdict in words at the right.

matplotlib is imported only to draw, without a display; no file is written here.
"""

import io
import logging
import os
import textwrap
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from exam.language import say
from station.audibility import plots
from station.audibility.findings import Grade, Metric
from station.audibility.page import Page, columns_of
from station.audibility.telling import clock, grade_word, metric_words, told, value_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Form = Literal["png", "svg"]

WIDTH, HEIGHT = 1280, 720
"""Pixels."""

_DPI = 100
_LEFT, _WIDE = 0.082, 0.538
_TEXT, _TEXT_END = 0.642, 0.99
_SMALL = 8
_LINE = 15 / HEIGHT
_BOTTOM = 0.02
_LONGEST_WORD = 50
"""Letters; a longer one is broken."""
_FONT = "DejaVu Sans"
"""It comes with matplotlib, and has Cyrillic letters and the signs."""
_MOST_ROWS = 22
_SIGNS: dict[Grade, tuple[str, str]] = {
    "pass": ("✔", "#1e7a2e"),
    "warn": ("▲", "#a35c00"),
    "fail": ("✖", "#b00020"),
    "unknown": ("?", "#555555"),
}
_ORDER: tuple[Grade, ...] = ("fail", "warn", "unknown", "pass")


def draw(page: Page, form: Form) -> bytes:
    """The picture as a file's content: 1280 × 720 pixels as PNG, the same page as SVG."""
    _keep_quiet()
    import matplotlib as mpl  # noqa: PLC0415 - heavy: only to draw
    from matplotlib.figure import Figure  # noqa: PLC0415

    drawn = io.BytesIO()
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font has, in a file's name
        mpl.rcdefaults()
        mpl.rcParams.update({"text.parse_math": False, "svg.hashsalt": "exam", "hatch.linewidth": 0.5})
        mpl.rcParams.update({"axes.linewidth": 0.6, "font.family": _FONT})
        figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor="white")
        _fill(figure, page)
        figure.savefig(drawn, format=form, metadata={"Software" if form == "png" else "Date": None})
    return drawn.getvalue()


def _keep_quiet() -> None:
    """A service's user has no home: matplotlib keeps its list of fonts where it may, and says nothing of it."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    if "CACHE_DIRECTORY" in os.environ:  # systemd's
        os.environ.setdefault("MPLCONFIGDIR", os.path.join(os.environ["CACHE_DIRECTORY"], "matplotlib"))  # noqa: PTH118


def _fill(figure: "Figure", page: Page) -> None:
    columns = columns_of(page.track)
    figure.text(0.012, 0.972, _short(page.title, 15, _LEFT + _WIDE), fontsize=14, weight="bold", va="top")
    figure.text(0.012, 0.927, _short(page.subtitle, 8.5, _LEFT + _WIDE), fontsize=8.5, va="top", color="#333333")
    plots.waveform(figure.add_axes((_LEFT, 0.765, _WIDE, 0.11)), page, columns)
    plots.levels(figure.add_axes((_LEFT, 0.505, _WIDE, 0.25)), page, columns)
    plots.voices(figure.add_axes((_LEFT, 0.425, _WIDE, 0.07)), page)
    plots.events(figure.add_axes((_LEFT, 0.345, _WIDE, 0.07)), page)
    plots.spectrum(figure.add_axes((_LEFT, 0.065, _WIDE, 0.27)), page)
    figure.text(_LEFT + _WIDE / 2, 0.012, say("время от начала записи, мин:с", "time from the beginning, min:s"),
                fontsize=plots.SMALL, ha="center")  # fmt: skip
    _badge(figure, page)
    _words(figure, page, _table(figure, page))


def _badge(figure: "Figure", page: Page) -> None:
    """The whole verdict: sign, word and colour."""
    sign, colour = _SIGNS[page.verdict.grade]
    figure.text(_TEXT, 0.972, f" {sign}  {grade_word(page.verdict.grade).upper()} ", fontsize=15, weight="bold",
                va="top", color="white", bbox={"facecolor": colour, "pad": 5, "linewidth": 0})  # fmt: skip
    length, speech = clock(page.verdict.seconds), clock(page.verdict.speech_s)
    figure.text(_TEXT_END, 0.972, say(f"длина {length}\nречь {speech}", f"length {length}\nspeech {speech}"),
                fontsize=8.5, va="top", ha="right", linespacing=1.4)  # fmt: skip


def _table(figure: "Figure", page: Page) -> float:
    """Every metric with value and grade; how high on the page it ends. What passes makes room first."""
    metrics = page.verdict.metrics
    by_grade = sorted(range(len(metrics)), key=lambda place: _ORDER.index(metrics[place].grade))
    # In their own order, what is not determined after what is.
    kept = sorted(by_grade[:_MOST_ROWS], key=lambda place: (metrics[place].grade == "unknown", place))
    at = 0.895
    for place in kept:
        _row(figure, metrics[place], at)
        at -= _LINE
    if len(metrics) > len(kept):
        more = len(metrics) - len(kept)
        figure.text(_TEXT, at, say(f"и ещё {more}", f"and {more} more"), fontsize=_SMALL, va="top")
        at -= _LINE
    return at


def _row(figure: "Figure", metric: Metric, at: float) -> None:
    sign, colour = _SIGNS[metric.grade]
    weight = "bold" if metric.grade in {"warn", "fail"} else "normal"
    figure.text(_TEXT, at, metric_words(metric), fontsize=_SMALL, va="top")
    figure.text(_TEXT + 0.24, at, value_words(metric), fontsize=_SMALL, va="top", ha="right", weight=weight)
    figure.text(
        _TEXT + 0.252, at, f"{sign} {grade_word(metric.grade)}", fontsize=_SMALL, va="top", color=colour, weight=weight
    )


def _words(figure: "Figure", page: Page, at: float) -> None:
    """Reasons with advice, the worst first, as far as the page goes; then what is to be known of the file."""
    lines: list[tuple[str, str]] = []
    for each in told(page.verdict):
        sign, colour = _SIGNS[each.grade]
        lines += _wrapped(f"{sign} {each.text}", colour)
    for remark in page.remarks:
        lines += _wrapped(f"• {remark}", "#333333")
    room = int((at - _LINE / 2 - _BOTTOM) / _LINE)
    if len(lines) > room:
        more = say("… полностью: station check ФАЙЛ", "… in full: station check FILE")
        lines = [*lines[: max(0, room - 1)], (more, "#333333")]
    for line, colour in lines:
        at -= _LINE
        figure.text(_TEXT, at + _LINE / 2, line, fontsize=_SMALL, va="top", color=colour)


def _wrapped(text: str, colour: str) -> Iterator[tuple[str, str]]:
    line = ""
    for word in [part for long in text.split() for part in textwrap.wrap(long, _LONGEST_WORD)]:
        if line and _width(f"{line} {word}", _SMALL) > _TEXT_END - _TEXT:
            yield line, colour
            line = "   " + word
        else:
            line = f"{line} {word}" if line else word
    yield line, colour


def _short(text: str, size: float, width: float) -> str:
    """As much of it as there is room for."""
    short = text
    while len(short) > 1 and _width(short, size) > width:
        short = short[:-2] + "…"
    return short


def _width(text: str, size: float) -> float:
    """Of a line set in `size` points, as a share of the page."""
    from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: PLC0415 - heavy: only to draw

    font = get_font(findfont(FontProperties(family=_FONT)))
    font.set_size(size, _DPI)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64 / WIDTH
