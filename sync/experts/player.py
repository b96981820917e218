"""The offline page an expert listens with: one file beside the recordings, opened from a folder or a drive. No network.

It names who is heard, plays, and remembers how far one has come; nothing is entered in it but «прослушано».
"""

import base64
import hashlib
import html
from collections.abc import Sequence
from datetime import date
from importlib import resources
from string import Template

import msgspec
from msgspec import Struct

from sync.experts.finding import Mark

FILE = "Прослушать.html"
TASKS = {1: "Чтение", 2: "Пересказ", 3: "Монолог", 4: "Диалог"}


class Shown(Struct, frozen=True):
    """One recording on the page. `id`: what its place is remembered by; `seconds` of sound, 0 where unknown."""

    id: str
    file: str
    name: str
    about: str
    note: str
    seconds: float
    marks: tuple[Mark, ...]
    peaks: tuple[int, ...]


class _Told(Struct, frozen=True):
    """What the page's script is told. `memory`: sets its memory apart from that of other pages in other folders."""

    title: str
    memory: str
    tasks: dict[int, str]
    recordings: tuple[Shown, ...]


def page(title: str, exam_date: date, recordings: Sequence[Shown]) -> bytes:
    """The page as a file's bytes; the same for the same recordings."""
    style, script = _part("player.css"), _part("player.js")
    memory = f"экзамен-{exam_date.isoformat()}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    told = msgspec.json.encode(_Told(title, memory, TASKS, tuple(recordings))).decode()
    return (
        Template(_part("player.html"))
        .substitute(
            policy=_policy(style, script),
            title=html.escape(title),
            style=style,
            script=script,
            recordings=told.replace("<", "\\u003c"),
        )
        .encode()
    )


def _policy(style: str, script: str) -> str:
    """Only these two, and sound from this disk: nothing is ever fetched from or sent to a network."""
    return (
        f"default-src 'none'; media-src 'self' file:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return resources.files("sync.experts").joinpath("static", name).read_text(encoding="utf-8")
