"""What `station export` puts on a drive is what the headquarters take from it."""

import os
import subprocess
import sys
from pathlib import Path

from desk_days import Desk

from exam.fixity import sha256_of

DAY = "2026-02-11_265"


def test_the_day_goes_by_drive_and_a_flipped_byte_is_named(finished: Desk, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    assert finished.run("export", str(usb)).returncode == 0
    settings = tmp_path / "hq" / "sync.toml"
    (settings.parent / "recordings").mkdir(parents=True)
    settings.write_text('[school]\ncode = "701020"\n[target]\nkind = "tus"\nurl = "https://centre.example"\n')

    def take() -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "sync.cli", "drive", "import", str(usb), "--config", str(settings)]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ, timeout=60)

    manifest = next(path for path in sorted((usb / DAY).glob("*.json")) if "поток" not in path.name)
    before = manifest.read_bytes()
    manifest.write_bytes(before.replace(b"2026", b"2027", 1))
    done = take()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert manifest.name in done.stderr
    manifest.write_bytes(before)
    assert take().returncode == 0
    imported = settings.parent / "imported" / DAY
    manifests = sorted((usb / DAY).glob("*.json"))
    assert {path.name for path in manifests} <= {path.name for path in imported.iterdir()}
    for path in imported.iterdir():
        assert sha256_of(path) == sha256_of(usb / DAY / path.name)
