"""zxing-cpp: codes found on a page, whichever way it lies. Used in the child only."""

from collections.abc import Sequence

import zxingcpp

from sync.scans.ink import Grey

_FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.Code128]
)
_MOST, _LONGEST = 8, 200


def read(page: Grey) -> Sequence[str]:
    """The texts of the codes on the page, at most 8, none longer than 200 letters."""
    found = zxingcpp.read_barcodes(page, formats=_FORMATS)
    return [code.text for code in found if 0 < len(code.text) <= _LONGEST][:_MOST]
