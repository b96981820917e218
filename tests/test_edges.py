"""The named edges where every exception is caught are those the README lists, and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_except_exception_stands_only_where_the_readme_says() -> None:
    caught = {
        str(path.relative_to(ROOT)): len(re.findall(r"except Exception\b", path.read_text(encoding="utf-8")))
        for folder in ("exam", "station", "sync")
        for path in (ROOT / folder).rglob("*.py")
    }
    listed = re.findall(r"^\* `(\S+\.py)`", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {file: count for file, count in caught.items() if count} == {file: listed.count(file) for file in listed}
