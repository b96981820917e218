"""A school that hands over by a person: its folder of ZIPs, and what other programs see in them."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

from school import School, noise, sha256

from exam.manifest import Person
from sync import config, report
from sync.cli import main

UTF8 = {"LC_ALL": "C.UTF-8"}
OUTBOX = "сдать"
GIVEN = ("--by", "Петрова А. А.", "--to", "РЦОИ, Сидоров", "--way", "личный кабинет")


def by_hand(school: School, *, zip_megabytes: int = 1, folder: str = OUTBOX, more: str = "") -> Path:
    """Write `sync.toml`; the folder for ZIPs."""
    (school.base / "sync.toml").write_text(
        f'[school]\ncode = "701020"\n[target]\nkind = "manual"\nfolder = "{folder}"\n'
        f"zip_megabytes = {zip_megabytes}\n{more}",
        encoding="utf-8",
    )
    return school.base / folder


def participant(number: int, surname: str = "Иванов") -> Person:
    return Person(number, surname, "Иван", "Иванович", "9А")


def answer(school: School, number: int, size: int = 20_000, *, take: int = 1, seed: int = 0) -> bytes:
    """A participant's recording, of which the mp3 is delivered; that."""
    content = noise(size, 1000 * number + take + seed)
    label = f"Иванов {number}" + (f"_дубль_{take}" if take > 1 else "")
    school.record(
        label, noise(100, number), delivery=content, participant=participant(number), take=take, outcome="accepted"
    )
    return content


def zips(outbox: Path) -> list[Path]:
    return sorted(outbox.glob("*.zip"))


def contents(outbox: Path, *names: str) -> dict[str, str]:
    """SHA-256 by name of everything in the ZIPs but their inventories; a name that is there twice fails."""
    found: dict[str, str] = {}
    for path in zips(outbox):
        if names and path.name not in names:
            continue
        with ZipFile(path) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                if "/" in name:
                    assert name not in found, f"{name} is packed twice"
                    found[name] = sha256(archive.read(name))
    return found


def recorded(school: School) -> dict[str, str]:
    """SHA-256 of every manifest and every mp3 by `day/name`: what is to be packed."""
    return {
        f"{path.parent.name}/{path.name}": sha256(path.read_bytes())
        for path in school.recordings.rglob("*")
        if path.suffix in {".mp3", ".json"}
    }


def seen_by_7z(path: Path) -> list[str]:
    """Names as 7-Zip reads them, after it has tested every checksum."""
    subprocess.run(["7z", "t", str(path)], check=True, capture_output=True)
    listed = subprocess.run(
        ["7z", "l", "-slt", "-sccUTF-8", str(path)], check=True, capture_output=True, env=os.environ | UTF8
    ).stdout.decode()  # fmt: skip
    return re.findall(r"^Path = (.+)$", listed, re.MULTILINE)[1:]


def sync(school: School, *words: str) -> int:
    """One command, in this process; its exit code."""
    return main([*words, "--config", str(school.base / "sync.toml")])


def status(school: School) -> report.Status:
    return report.status(config.load(school.base / "sync.toml"), datetime.now(UTC))


def states(school: School) -> dict[str, str]:
    """State by file name."""
    return {item.path.rpartition("/")[2]: str(item.state) for item in status(school).items}


def inventory(outbox: Path) -> str:
    (path,) = outbox.glob("*_опись.txt")
    return path.read_bytes().decode("utf-8-sig")
