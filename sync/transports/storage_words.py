"""What an S3 answers, read: XML that may come from anybody, so it is bounded and without entities.

The only module that imports `defusedxml`. Used by `sync.transports.bucket` and `storage_errors`.
"""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape as escaped

from defusedxml import DefusedXmlException, ElementTree

from exam.errors import Transient
from sync.transports.web import BLOCK_BYTES, Answer

__all__ = ["Words", "bounded", "code_in", "escaped", "garbled", "number"]

MAX_BYTES = 4 * 1024 * 1024  # a page of a thousand parts takes 0.4 MiB
_MAX_DIGITS = 18


class Words:
    """An XML answer by the names of its elements, whatever namespace they are in. Raises Transient for anything else.

    A log-in page of a network, for one.
    """

    def __init__(self, content: bytes) -> None:
        try:
            self._root: Element = ElementTree.fromstring(content.strip(), forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise garbled() from error

    @property
    def is_error(self) -> bool:
        return _name(self._root) == "Error"

    def one(self, name: str) -> str:
        """The text of an element right below the root. Raises Transient where there is none."""
        texts = _texts(self._root)
        if name not in texts:
            raise garbled()
        return texts[name]

    def each(self, name: str) -> Iterator[Mapping[str, str]]:
        """The texts within each element `name`, by their names."""
        return (_texts(element) for element in self._root if _name(element) == name)


def bounded(answer: Answer) -> bytes:
    """What is left of the answer's body. Raises Transient where that is more than any S3 says."""
    content = bytearray()
    for block in answer.iter_content(BLOCK_BYTES):
        content += block
        if len(content) > MAX_BYTES:
            raise garbled()
    return bytes(content)


def code_in(content: bytes) -> str:
    """The code of an error; empty where the body is no S3's."""
    try:
        return Words(content).one("Code")
    except Transient:
        return ""


def number(text: str | None) -> int:
    """Raises Transient for anything but a number that can be meant."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise garbled()
    return int(text)


def garbled() -> Transient:
    return Transient(
        "Ответ не похож на ответ хранилища S3 (возможно, вход в сеть через браузер); попробуем ещё.",
        "The answer is not an S3's (a network log-in page, perhaps); will try again.",
        code="garbled",
    )


def _texts(element: Element) -> dict[str, str]:
    return {_name(child): child.text or "" for child in element}


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
