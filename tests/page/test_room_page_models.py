"""What the room page decides from a status, and its words: pure modules, run by Node.js."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

import station.web
from exam.localpage.pages import COMMON
from station import alarms
from station.audibility.findings import MetricName

HERE = Path(__file__).parent
STATIC = Path(station.web.__file__).parent / "static"
SESSION = Path(station.web.__file__).parents[1] / "session"
_NOT_OF_THE_PAGE = {"no_stream", "internal", "source_damaged"}


@pytest.fixture(scope="module")
def room_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's modules where Node.js takes them for modules, whatever its version."""
    copy = tmp_path_factory.mktemp("static") / "static"
    for folder in (STATIC, COMMON):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    (copy / "package.json").write_text('{"type": "module"}')
    return copy / "room"


def refusals() -> set[str]:
    """Codes by which the session refuses what a page may ask."""
    found = set()
    for path in set(SESSION.glob("*.py")) - {SESSION / "rehearsals.py"}:  # asked by the technician's page
        found |= set(re.findall(r'code="(\w+)"', path.read_text(encoding="utf-8")))
    return found - _NOT_OF_THE_PAGE


def test_decisions_and_words(room_modules: Path) -> None:
    told = {
        "ROOM": str(room_modules),
        "CAUSES": " ".join(alarms._TEXTS),
        "METRICS": " ".join(get_args(MetricName)),
        "CODES": " ".join(refusals()),
    }
    command = ["node", "--test", *map(str, HERE.glob("*.test.mjs"))]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-6000:]


def test_every_sentence_is_used_and_every_one_used_is_there() -> None:
    table = set(re.findall(r'^  "([\w.]+)":', (STATIC / "words.ru.js").read_text(encoding="utf-8"), re.MULTILINE))
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((STATIC / "room").rglob("*.js")))
    said = set(re.findall(r'say\("([\w.]+)"', code))
    assert said - table == set()
    quoted = set(re.findall(r'"([\w.]+)"', code))
    made = [
        re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.]+", re.escape(each)) for each in re.findall(r"`([\w.]*\$\{[^`]*)`", code)
    ]
    assert {key for key in table - quoted if not any(re.fullmatch(pattern, key) for pattern in made)} == set()


def test_modules_are_small_and_ask_nobody_else() -> None:
    for path in sorted([*STATIC.rglob("*.[jc]s*"), *COMMON.rglob("*.[jc]s*")]):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        outside = re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\"'`\s]+", text)
        assert outside == [], path
