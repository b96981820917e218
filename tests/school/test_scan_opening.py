"""Scans are opened in a child process: what is in them, and what hurts nobody."""

import io
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import drawn
import hostile_scans as hostile
import numpy as np
import pytest
from PIL import Image

from exam.errors import Rejected
from sync.scans import opening, sniffing
from sync.scans.model import Opened, Page, Trouble, Verdict
from sync.scans.opening import Opener, preview

CODE = "exam:701020:2026-02-11:protocol:17"


@pytest.fixture(scope="module")
def opener() -> Iterator[Opener]:
    with Opener() as one:
        yield one


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good scan of each format, `good.*`."""
    folder = tmp_path_factory.mktemp("good")
    hostile.good_pdf(folder / "good.pdf")
    hostile.good_jpeg(folder / "good.jpg")
    hostile.good_png(folder / "good.png")
    hostile.good_tiff(folder / "good.tif")
    return folder


def looked_at(opener: Opener, path: Path) -> Verdict | None:
    kind = sniffing.judged(path.name, path.read_bytes()[: sniffing.HEAD_BYTES])
    return kind if isinstance(kind, Trouble) else opener.look(path, kind)


@pytest.mark.parametrize(("name", "pages"), [("good.pdf", 1), ("good.jpg", 1), ("good.png", 1), ("good.tif", 2)])
def test_good_scans_of_every_format(opener: Opener, good: Path, name: str, pages: int) -> None:
    assert looked_at(opener, good / name) == Opened((Page(200, False),) * pages)


@pytest.mark.parametrize("name", ["good.pdf", "good.jpg", "good.png", "good.tif"])
def test_what_breaks_off_is_never_taken(opener: Opener, good: Path, tmp_path: Path, name: str) -> None:
    for number, share in enumerate((0.001, 0.3, 0.6, 0.98)):
        verdict = looked_at(opener, hostile.cut(tmp_path / f"{number}_{name}", good / name, share))
        assert isinstance(verdict, Trouble), share
        assert verdict.code in {"truncated", "unreadable"}
    zeroed = looked_at(opener, hostile.zeroed(tmp_path / name, good / name))
    assert isinstance(zeroed, Trouble)
    assert zeroed.code == "unreadable" if name == "good.tif" else "truncated"


@pytest.mark.parametrize(
    ("name", "made", "verdict"),
    [
        ("empty.pdf", hostile.empty, Trouble("empty")),
        ("locked.pdf", hostile.locked, Trouble("encrypted")),
        ("thick.pdf", hostile.many_pages, Trouble("too_many_pages", "300")),
        ("huge.png", hostile.huge_picture, Trouble("too_many_pixels", "200")),
        ("lie.png", hostile.lying_picture, Trouble("too_many_pixels", "10000")),
        ("bomb.pdf", hostile.zip_bomb, Trouble("wrong_kind", "ZIP")),
        ("picture.pdf", lambda path: hostile.pdf_with_picture(path, 11_000, 10_000), Trouble("too_many_pixels", "110")),
        ("loop.tif", hostile.tiff_without_end, Opened((Page(200, True),))),
        ("small.jpg", hostile.small_picture, Opened((Page(60, False),))),
        ("named.pdf", hostile.good_jpeg, Trouble("wrong_kind", "JPEG")),
        ("named.png", hostile.good_pdf, Trouble("wrong_kind", "PDF")),
        ("letter.docx", hostile.zip_bomb, Trouble("not_a_scan")),
        ("17", hostile.good_pdf, Trouble("not_a_scan")),
    ],
)  # fmt: skip
def test_each_bad_file_has_its_word(
    opener: Opener, tmp_path: Path, name: str, made: Callable[[Path], Path], verdict: Verdict
) -> None:
    assert looked_at(opener, made(tmp_path / name)) == verdict


@pytest.mark.parametrize(
    ("name", "head", "verdict"),
    [
        ("a.pdf", bytes(1024), Trouble("truncated")),
        ("a.pdf", b"what is this" * 90, Trouble("unreadable")),
        ("a.jpg", b"\0\0\0\x18ftypheic", Trouble("wrong_kind", "HEIC/MP4")),
        ("a.pdf", b"MZ\x90\0", Trouble("wrong_kind", "EXE")),
        ("A.PDF", b"\xef\xbb\xbf\r\n%PDF-1.7", "pdf"),
        ("a.jfif", b"\xff\xd8\xff\xe0", "jpeg"),
        ("a.tiff", b"MM\0*", "tiff"),
    ],
)
def test_what_a_file_is_by_its_first_bytes(name: str, head: bytes, verdict: object) -> None:
    assert sniffing.judged(name, head) == verdict


@pytest.mark.parametrize("quarter", [1, *(pytest.param(other, marks=pytest.mark.slow) for other in (0, 2, 3))])
def test_a_code_is_read_on_a_skewed_noisy_tinted_page_whichever_way_it_lies(
    opener: Opener, tmp_path: Path, quarter: int
) -> None:
    page = drawn.scanned(drawn.protocol(code=CODE), seed=quarter, noise=6, skew=2, edge_mm=4, tint=(250, 235, 190),
                         quality=40).rotate(90 * quarter, expand=True)  # fmt: skip
    path = drawn.pdf_of([page], tmp_path / "scan.pdf")
    assert looked_at(opener, path) == Opened((Page(200, False, (CODE,)),))


@pytest.mark.slow
def test_black_and_white_scans_are_read_too(opener: Opener, tmp_path: Path) -> None:
    drawn.two_tone(drawn.protocol(code=CODE, dpi=300), seed=1).save(
        path := tmp_path / "a.tif", dpi=(300, 300), compression="group4"
    )
    drawn.two_tone(drawn.sheet(300), seed=1).save(blank := tmp_path / "b.tif", dpi=(300, 300), compression="group4")
    assert looked_at(opener, path) == Opened((Page(300, False, (CODE,)),))
    assert looked_at(opener, blank) == Opened((Page(300, True),))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["I;16", "RGBA", "P", "CMYK", "LA"])
def test_pictures_of_every_depth_show_what_is_on_them(opener: Opener, tmp_path: Path, mode: str) -> None:
    page = drawn.protocol()
    if mode == "I;16":
        seen = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)
    else:
        seen = page.convert("RGB").convert(mode)
    seen.save(path := tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"), dpi=(200, 200))
    assert looked_at(opener, path) == Opened((Page(200, False),))


@pytest.mark.slow
def test_ink_on_transparent_paper_is_seen(opener: Opener, tmp_path: Path) -> None:
    ink = Image.new("RGBA", drawn.sheet().size, (0, 0, 0, 0))
    ink.putalpha(Image.fromarray(255 - np.asarray(drawn.protocol().point(lambda grey: 255 if grey > 200 else grey))))
    ink.save(path := tmp_path / "a.png", dpi=(200, 200))
    assert looked_at(opener, path) == Opened((Page(200, False),))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "pixels_dpi", "dpi"), [(None, 150, 150), (None, 100, 100), (72, 200, 200), (1, 200, 200), (300, 300, 300)]
)
def test_resolution_is_by_the_papers_size_or_else_by_pixels_for_a4(
    opener: Opener, tmp_path: Path, told: int | None, pixels_dpi: int, dpi: int
) -> None:
    path = drawn.jpeg_of(drawn.protocol(dpi=pixels_dpi), tmp_path / "a.jpg", dpi=told)
    verdict = looked_at(opener, path)
    assert isinstance(verdict, Opened)
    assert verdict.pages[0].dpi == pytest.approx(dpi, abs=1)


def test_a_printed_pdf_has_no_resolution(opener: Opener, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - here alone

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for line in range(20):
        canvas.drawString(80, 750 - 20 * line, "Protocol, filled in on a computer")
    canvas.save()
    assert looked_at(opener, tmp_path / "a.pdf") == Opened((Page(None, False),))


@pytest.mark.slow
def test_a_page_that_never_ends_costs_bounded_memory_and_the_next_file_is_opened(tmp_path: Path, good: Path) -> None:
    with Opener() as own:
        assert looked_at(own, hostile.pdf_bomb(tmp_path / "bomb.pdf", 1)) == Trouble("too_heavy")
        assert isinstance(looked_at(own, good / "good.png"), Opened)


@pytest.mark.slow
def test_a_child_that_hangs_is_ended(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Opener() as own:
        assert isinstance(looked_at(own, good / "good.png"), Opened)
        assert own._child is not None
        os.kill(own._child.pid, signal.SIGSTOP)
        monkeypatch.setattr(opening, "_WAIT_S", 0.2)
        monkeypatch.setattr(opening, "_LEAVES_S", 0.1)
        assert looked_at(own, good / "good.jpg") == Trouble("too_heavy")
        monkeypatch.undo()
        assert isinstance(looked_at(own, good / "good.jpg"), Opened)


@pytest.mark.slow
def test_a_child_that_somebody_killed_says_nothing_of_the_file(good: Path) -> None:
    with Opener() as own:
        assert isinstance(looked_at(own, good / "good.png"), Opened)
        assert own._child is not None
        own._child.kill()
        assert looked_at(own, good / "good.jpg") is None
        assert isinstance(looked_at(own, good / "good.jpg"), Opened)


def test_the_child_can_write_no_file_and_take_no_more_memory(good: Path) -> None:
    with Opener() as own:
        looked_at(own, good / "good.png")
        assert own._child is not None
        limits = Path(f"/proc/{own._child.pid}/limits").read_text(encoding="ascii")
        told = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
        assert told["Max file size"] == ["0", "0"]
        assert told["Max address space"] == [str(1 << 30)] * 2


def test_a_page_is_shown_as_a_bounded_picture(good: Path) -> None:
    for name in ("good.pdf", "good.tif"):
        png = preview(good / name, pixels=600)
        with Image.open(io.BytesIO(png)) as picture:
            assert (picture.format, max(picture.size)) == ("PNG", 600)
            assert np.asarray(picture).std() > 10
    with Image.open(io.BytesIO(preview(good / "good.png", pixels=10**9))) as picture:
        assert max(picture.size) <= 2000


def test_what_cannot_be_shown_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="паролем"):
        preview(hostile.locked(tmp_path / "a.pdf"))
    with pytest.raises(Rejected, match=r"b\.pdf"):
        preview(tmp_path / "b.pdf")
    (tmp_path / "c.pdf").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "d.pdf")
    for name in ("c.pdf", "d.pdf"):
        with pytest.raises(Rejected, match=name):
            preview(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["good.pdf", "good.jpg", "good.png", "good.tif"])
def test_no_damage_by_chance_hurts_anybody(opener: Opener, good: Path, tmp_path: Path, name: str) -> None:
    """Flipped bytes, cut pieces: each file has an answer, whichever; the child's memory stays bounded by itself."""
    content = (good / name).read_bytes()
    for seed in range(60):
        random = np.random.default_rng(seed)
        broken = bytearray(content)
        for place in random.integers(0, len(broken), 1 + seed):
            broken[place] = int(random.integers(256))
        if seed % 3 == 0:
            place = int(random.integers(len(broken)))
            del broken[place : place + int(random.integers(1, 5000))]
        (path := tmp_path / name).write_bytes(broken)
        assert isinstance(looked_at(opener, path), Opened | Trouble)
