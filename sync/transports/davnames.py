"""How WebDAV spells names: addresses, destinations of a MOVE, and the names in a listing. Pure; used by `webdav`."""

from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET

_KEPT_IN_URL = "/%:@!$&'()*+,;=~"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Address:
    """`url`: the folder of the target, as the configuration has it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        host = f"[{host}]" if ":" in host else host
        port = "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
        self._host = host + port
        self._scheme = parts.scheme
        self._folder = quote(parts.path, safe=_KEPT_IN_URL).rstrip("/") + "/"

    def of(self, name: str) -> str:
        return f"{self._scheme}://{self._host}{self._path(name)}"

    def spellings(self, name: str) -> Iterator[str]:
        """The Destination of a MOVE, best first; a server refuses those it does not understand."""
        if ";" in name:
            yield self.of(name) + "/"  # wsgidav cuts a name at its semicolon, unless a slash follows
        yield self.of(name)
        # Behind a proxy that ends TLS, a server knows itself by another scheme.
        yield self._path(name)
        if self._scheme == "https":
            yield f"http://{self._host}{self._path(name)}"

    def _path(self, name: str) -> str:
        return self._folder + quote(name, safe="/")


def folders_of(name: str) -> Iterator[str]:
    """Outermost first."""
    for at, sign in enumerate(name):
        if sign == "/":
            yield name[:at]


def names_in(listing: bytes) -> set[str] | None:
    """The last parts of the paths in a multistatus; None when it is none."""
    try:
        # Expat refuses what would grow beyond measure, and ElementTree fetches nothing.
        found = ET.fromstring(listing)  # noqa: S314
    except ET.ParseError:
        return None
    return {_leaf(href.text or "") for href in found.iter("{DAV:}href")}


def _leaf(href: str) -> str:
    return unquote(href.strip().rstrip("/").rpartition("/")[2])
