"""Scans as a school's scanner makes them, drawn by seed: protocols, signatures, blank sheets, a scanner's faults."""

import io
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
A4_MM = (210, 297)
_MM_IN_INCH = 25.4


def sheet(dpi: int = 200, paper: int = 245) -> Image.Image:
    """A clean sheet of paper, grey level `paper`."""
    return Image.new("L", (mm(A4_MM[0], dpi), mm(A4_MM[1], dpi)), paper)


def protocol(name: str = "Иванов Иван", *, dpi: int = 200, code: str = "", seed: int = 1) -> Image.Image:
    """An expert's protocol, filled in: table, text, scores, signature, perhaps a code."""
    page = sheet(dpi)
    draw = ImageDraw.Draw(page)
    _text(draw, (25, 18), "Протокол эксперта по оцениванию ответов участников", dpi, 4.2)
    _text(draw, (25, 28), f"Участник: {name}", dpi, 4.2)
    for row in range(14):
        top = 45 + row * 12
        box = [mm(25, dpi), mm(top, dpi), mm(185, dpi), mm(top + 12, dpi)]
        draw.rectangle(box, outline=60, width=max(1, dpi // 100))
        _text(draw, (28, top + 3), f"Критерий {row + 1}. Интонация, темп чтения, искажения", dpi, 3.2)
        _text(draw, (172, top + 3), str((row * 7 + seed) % 3), dpi, 4.5)
    _signature(draw, (120, 240), dpi, 60, seed)
    if code:
        made = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode).to_image(scale=1)
        side = mm(18, dpi)
        page.paste(
            Image.fromarray(np.array(made)).resize((side, side), Image.Resampling.NEAREST), (mm(170, dpi), mm(12, dpi))
        )
    return page


def signature(contrast: int, *, dpi: int = 200, seed: int = 1) -> Image.Image:
    """A sheet with nothing on it but a signature, so much darker than the paper."""
    page = sheet(dpi)
    _signature(ImageDraw.Draw(page), (110, 150), dpi, 245 - contrast, seed)
    return page


def shining_through(depth: int, *, dpi: int = 200, seed: int = 1) -> Image.Image:
    """The other side of a protocol: its print as the scanner sees it through the paper, at most `depth` darker."""
    front = np.asarray(protocol(dpi=dpi, seed=seed).transpose(Image.Transpose.FLIP_LEFT_RIGHT), dtype=np.float32)
    faint = Image.fromarray((245 - (245 - front) * depth / 245).astype(np.uint8))
    return faint.filter(ImageFilter.GaussianBlur(0.35 * dpi / _MM_IN_INCH))


def scanned(
    page: Image.Image, *, seed: int, noise: float = 4.0, tint: tuple[int, int, int] | None = None, skew: float = 0.0,
    edge_mm: float = 0.0, shadow: float = 0.0, specks: int = 0, streak: bool = False, holes: bool = False,
    quality: int | None = 75, dpi: int = 200,
) -> Image.Image:  # fmt: skip
    """The page as it comes out of a scanner: skewed on a dark bed, tinted, noisy, through JPEG.

    `noise`: standard deviation of 255; `skew` in degrees; `edge_mm`: a dark edge so wide; `shadow`: how much darker one
    side is, of 1; `specks`: dust.
    """
    random = np.random.default_rng(seed)
    draw = ImageDraw.Draw(page := page.copy())
    if holes:
        for down in (108, 188):
            draw.ellipse([mm(9, dpi), mm(down, dpi), mm(15, dpi), mm(down + 6, dpi)], fill=40)
    for _ in range(specks):
        across, down, size = (
            random.integers(mm(210, dpi)),
            random.integers(mm(297, dpi)),
            random.integers(1, mm(1, dpi)),
        )
        draw.ellipse([across, down, across + size, down + size], fill=int(random.integers(40, 180)))
    page = page.rotate(skew, Image.Resampling.BICUBIC, fillcolor=50)
    seen = np.asarray(page, dtype=np.float32)
    if edge_mm:
        seen = seen.copy()
        seen[:, -mm(edge_mm, dpi) :] = 45
        seen[: mm(edge_mm / 2, dpi), :] = 90
    if streak:
        seen = seen.copy()
        seen[:, mm(float(random.integers(30, 180)), dpi)] -= 60
    seen = seen * (1 - shadow * np.linspace(0, 1, seen.shape[1], dtype=np.float32)[None, :])
    seen = seen + random.normal(0, noise, seen.shape).astype(np.float32)
    grey = np.clip(seen, 0, 255)
    if tint is None:
        made = Image.fromarray(grey.astype(np.uint8))
    else:
        made = Image.fromarray(np.stack([grey * part / 255 for part in tint], axis=-1).astype(np.uint8))
    return _through_jpeg(made, quality) if quality else made


def two_tone(page: Image.Image, *, seed: int, share: float = 0.002) -> Image.Image:
    """Black and white only, as many schools' scanners are set, with a share of dots flipped."""
    random = np.random.default_rng(seed)
    black = np.asarray(page) < 150
    return Image.fromarray(np.where(black ^ (random.random(black.shape) < share), 0, 255).astype(np.uint8)).convert("1")


def pdf_of(pages: list[Image.Image], path: Path, dpi: int = 200) -> Path:
    """Pages as a scanning program saves them."""
    pages[0].convert("RGB").save(path, "PDF", resolution=dpi, save_all=True, append_images=pages[1:], quality=75)
    return path


def jpeg_of(page: Image.Image, path: Path, dpi: int | None = 200, quality: int = 75) -> Path:
    page.convert("RGB").save(path, "JPEG", quality=quality, **({"dpi": (dpi, dpi)} if dpi else {}))
    return path


def text(page: Image.Image, at_mm: tuple[float, float], words: str, height_mm: float, *, grey: int = 30) -> None:
    """Write on a page of 200 dpi."""
    _text(ImageDraw.Draw(page), at_mm, words, 200, height_mm, grey=grey)


def mm(length: float, dpi: int) -> int:
    """Millimetres in pixels."""
    return round(length * dpi / _MM_IN_INCH)


def _signature(draw: ImageDraw.ImageDraw, at: tuple[float, float], dpi: int, grey: int, seed: int) -> None:
    """A pencil's line about 0.5 mm thick, 20 to 45 mm wide, in one to three strokes."""
    random = np.random.default_rng(seed + 1000)
    across, down = at
    for _ in range(int(random.integers(1, 4))):
        width = random.uniform(20, 45)
        points = np.linspace(0, 1, 120)
        wave = sum(
            random.uniform(1, 4) * np.sin(random.uniform(4, 24) * points + random.uniform(0, 6)) for _ in range(3)
        )
        line = [(mm(across + width * x, dpi), mm(down + y, dpi)) for x, y in zip(points, wave, strict=True)]
        draw.line(line, fill=grey, width=max(1, mm(0.5, dpi)), joint="curve")
        down += random.uniform(-3, 3)


def _text(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, dpi: int, height_mm: float, *, grey: int = 30
) -> None:
    draw.text((mm(at[0], dpi), mm(at[1], dpi)), text, fill=grey, font=ImageFont.truetype(FONT, mm(height_mm, dpi)))


def _through_jpeg(page: Image.Image, quality: int) -> Image.Image:
    kept = io.BytesIO()
    page.save(kept, "JPEG", quality=quality)
    return Image.open(io.BytesIO(kept.getvalue())).convert(page.mode)
