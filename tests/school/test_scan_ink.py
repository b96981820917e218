"""Blank pages are told from written ones, through everything a scanner does to them."""

from collections.abc import Callable

import drawn
import numpy as np
import pytest
from PIL import Image, ImageDraw

from sync.scans import ink

A4_MM = 297.0


def strokes(page: Image.Image) -> float:
    return ink.strokes_mm(np.asarray(page.convert("L")), A4_MM)


def by_chance(page: Image.Image, seed: int) -> Image.Image:
    """The page out of some school's scanner: noise, tint, skew, dark edges, shadow, dust, streaks, holes, JPEG."""
    random = np.random.default_rng(seed)
    tints = (None, (250, 240, 200), (225, 240, 250), (240, 240, 240))
    return drawn.scanned(
        page, seed=seed, noise=float(random.uniform(1, 9)), tint=tints[random.integers(4)],
        skew=float(random.uniform(-2, 2)) if random.random() < 0.6 else 0.0,
        edge_mm=float(random.uniform(1, 7)) if random.random() < 0.5 else 0.0,
        shadow=float(random.uniform(0, 0.35)), specks=int(random.integers(60)), streak=bool(random.random() < 0.3),
        holes=bool(random.random() < 0.4), quality=int(random.integers(30, 95)),
    )  # fmt: skip


def blank(seed: int) -> Image.Image:
    return drawn.sheet(paper=int(np.random.default_rng(seed).integers(200, 255)))


def other_side(seed: int) -> Image.Image:
    return drawn.shining_through(int(np.random.default_rng(seed).integers(3, 13)), seed=seed)


def pencil(seed: int) -> Image.Image:
    return drawn.signature(int(np.random.default_rng(seed).integers(20, 60)), seed=seed)


def written(seed: int) -> Image.Image:
    return drawn.protocol(seed=seed)


MORE = [(205, 20), (30, 0), (205, 0)]
KINDS = [(blank, True), (other_side, True), (pencil, False), (written, False)]


@pytest.mark.parametrize(("made", "is_blank"), KINDS)
def test_a_blank_page_is_told_from_a_written_one(made: Callable[[int], Image.Image], is_blank: bool) -> None:
    assert (strokes(by_chance(made(7), 7)) < ink.LEAST_MM) is is_blank


@pytest.mark.slow
@pytest.mark.parametrize(("made", "is_blank"), KINDS)
def test_of_240_pages_none_is_taken_for_the_other(made: Callable[[int], Image.Image], is_blank: bool) -> None:
    found = [strokes(by_chance(made(seed), seed)) for seed in range(60)]
    assert [round(one) for one in found if (one < ink.LEAST_MM) is not is_blank] == []
    assert max(found) < ink.LEAST_MM / 2 if is_blank else min(found) > ink.LEAST_MM * 2  # nor nearly


@pytest.mark.slow
def test_one_word_is_writing_and_a_dash_is_not() -> None:
    word, dash = drawn.sheet(), drawn.sheet()
    ImageDraw.Draw(dash).line([(800, 1000), (840, 1002)], fill=60, width=4)
    drawn.text(word, (100, 150), "Неявка", 4.5)
    assert strokes(drawn.scanned(word, seed=1)) > ink.LEAST_MM
    assert strokes(drawn.scanned(dash, seed=1)) < ink.LEAST_MM


@pytest.mark.parametrize(
    ("grey_of_ink", "margin_mm"), [(30, 20), *(pytest.param(*more, marks=pytest.mark.slow) for more in MORE)]
)
def test_a_page_written_full_is_not_taken_for_noise(grey_of_ink: int, margin_mm: int) -> None:
    full = drawn.sheet()
    for line in range(4 + margin_mm, 293 - margin_mm, 4):
        words = "Акт составлен о том, что участник не завершил собеседование по болезни; " * 2
        drawn.text(full, (margin_mm, line), words[: 150 if margin_mm == 0 else 95], 3, grey=grey_of_ink)
    assert strokes(drawn.scanned(full, seed=1)) > 20 * ink.LEAST_MM


@pytest.mark.parametrize("grey", [30, 255])
def test_a_sheet_of_one_colour_is_blank_however_dark(grey: int) -> None:
    assert strokes(drawn.scanned(drawn.sheet(paper=grey), seed=1)) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 5), (40, 40)])
def test_a_scrap_is_blank(size: tuple[int, int]) -> None:
    assert ink.is_blank(np.zeros(size, dtype=np.uint8), A4_MM)
