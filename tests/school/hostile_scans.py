"""Files that a folder of scans may come to hold, and that must hurt nobody."""

import struct
import zipfile
import zlib
from pathlib import Path

from drawn import jpeg_of, pdf_of, protocol
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

MB = 1 << 20


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def cut(path: Path, whole: Path, share: float = 0.6) -> Path:
    """The beginning of a good file."""
    content = whole.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def zeroed(path: Path, whole: Path) -> Path:
    """A copy for which space was taken, and whose second half never came."""
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    return path


def locked(path: Path) -> Path:
    canvas = Canvas(str(path), encrypt=StandardEncryption("secret", "owner"))
    canvas.drawString(100, 700, "protocol")
    canvas.save()
    return path


def many_pages(path: Path, pages: int = 300) -> Path:
    canvas = Canvas(str(path))
    for number in range(pages):
        canvas.drawString(100, 700, str(number))
        canvas.showPage()
    canvas.save()
    return path


def huge_picture(path: Path, width: int = 20000, height: int = 10000) -> Path:
    """A picture of 200 megapixels in a few kilobytes: all white, 1 bit a pixel."""
    line = b"\0" + b"\xff" * (width // 8)
    squeezed = zlib.compressobj(9)
    content = b"".join(squeezed.compress(line * 100) for _ in range(height // 100)) + squeezed.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", content) + _chunk(b"IEND", b""))
    return path


def lying_picture(path: Path) -> Path:
    """A picture whose head speaks of ten thousand megapixels, and which has none."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0")) + _chunk(b"IEND", b"")
    )
    return path


def zip_bomb(path: Path, megabytes: int = 20) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("bomb", "w") as inside:
        for _ in range(megabytes):
            inside.write(bytes(MB))
    return path


def pdf_with_picture(path: Path, width: int, height: int) -> Path:
    """A page whose picture unpacks to so many pixels, all of them zeros."""
    squeezed = zlib.compressobj(9)
    content = b"".join(squeezed.compress(bytes(width)) for _ in range(height)) + squeezed.flush()
    picture = (
        f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceGray/BitsPerComponent 8"
        f"/Filter/FlateDecode/Length {len(content)}>>"
    )
    return _pdf(path, b"q 595 0 0 842 0 0 cm /I Do Q", (picture.encode(), content))


def pdf_bomb(path: Path, gigabytes: int) -> Path:
    """A page whose drawing unpacks to so much, all of it orders to draw."""
    orders, squeezed = b"0 0 m 595 842 l S\n" * (MB // 18), zlib.compressobj(9)
    content = b"".join(squeezed.compress(orders) for _ in range(gigabytes * 1024)) + squeezed.flush()
    return _pdf(path, content, filtered=True)


def tiff_without_end(path: Path) -> Path:
    """A TIFF whose list of pages leads back to its beginning."""
    Image.new("L", (1700, 2300), 200).save(path, "TIFF", dpi=(200, 200))
    content = bytearray(path.read_bytes())
    (table,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, table)
    struct.pack_into("<I", content, table + 2 + entries * 12, table)
    path.write_bytes(content)
    return path


def small_picture(path: Path) -> Path:
    return jpeg_of(protocol(dpi=60), path, dpi=None)


def good_pdf(path: Path) -> Path:
    return pdf_of([protocol()], path)


def good_jpeg(path: Path) -> Path:
    return jpeg_of(protocol(), path)


def good_png(path: Path) -> Path:
    protocol().save(path, "PNG", dpi=(200, 200))
    return path


def good_tiff(path: Path) -> Path:
    protocol().save(
        path, "TIFF", dpi=(200, 200), compression="tiff_lzw", save_all=True, append_images=[protocol(seed=2)]
    )
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _pdf(
    path: Path, drawing: bytes, picture: tuple[bytes, bytes] = (b"<</Length 0>>", b""), *, filtered: bool = False
) -> Path:
    how = b"/Filter/FlateDecode" if filtered else b""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        b"<</Length %d%s>>stream\n" % (len(drawing), how) + drawing + b"\nendstream",
        picture[0] + b"stream\n" + picture[1] + b"\nendstream",
    ]
    content, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n" % number + one + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(content)
    content += (
        b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )
    path.write_bytes(content)
    return path
