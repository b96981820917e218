"""Text from outside made harmless: HTML of escaped pieces (whatever is not `Html` already is text), cells. Pure."""

import html
import unicodedata
from collections.abc import Iterator
from typing import Final

MOST_LETTERS = 300
"""Of one text from outside."""
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_FORMULA = ("=", "+", "-", "@")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_EMPTY: Final = frozenset({"br", "hr", "input", "link", "meta"})


class Html(str):
    """Markup, safe to stand in a page."""

    __slots__ = ()


def visible(text: str, most: int = MOST_LETTERS) -> str:
    """The text on one line, cut where it is endless, without letters that hide, reorder or end it."""
    cut = text if len(text) <= most else text[:most] + "…"
    if cut.isprintable():
        return cut
    return "".join(_REPLACEMENT if unicodedata.category(letter) in _HIDDEN else letter for letter in cut)


def harmless(text: str) -> str:
    """The text for a spreadsheet's cell: visible, and with an apostrophe where it would be taken for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def tag(name: str, /, *children: object, **attributes: str | int | None) -> Html:
    """An element. An attribute None is left out; `class_` is `class`, `data_x` is `data-x`. No child None is shown."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{told}>") if name in _EMPTY else Html(f"<{name}{told}>{join(*children)}</{name}>")


def join(*children: object) -> Html:
    """One after another."""
    return Html("".join(_shown(child) for child in children))


def document(title: str, style: str, *body: object, again_s: int | None = None) -> Html:
    """A whole page; read anew after `again_s` seconds."""
    again = tag("meta", http_equiv="refresh", content=again_s) if again_s is not None else None
    head = tag("head", tag("meta", charset="utf-8"), tag("title", title), again,
               tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
               tag("link", rel="stylesheet", href=style))  # fmt: skip
    return Html(f"<!DOCTYPE html>\n{tag('html', head, tag('body', *body), lang='ru')}\n")


def _shown(child: object) -> str:
    if isinstance(child, Html):
        return child
    if child is None:
        return ""
    if isinstance(child, (list, tuple, Iterator)):
        return join(*child)
    return html.escape(visible(str(child)))
