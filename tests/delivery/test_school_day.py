"""A whole school's day over a line of 2 Mbit/s that breaks every three minutes: little is sent twice.

Simulated in time: the line carries as fast as it can and breaks after as many bytes as the slow one would have carried
in three minutes; the agent waits a hundredth of what it would. At each break 256 KiB are lost that had left the
computer already: what a modem's buffers hold, a second of this line. What waits in the computer's own socket buffers
has not been on the line, and does not count.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import SWIFT
from school import School, exchange, sha256
from wire import wire_to

from exam.names import Kind
from sync import ledger
from sync.model import ItemState

LINE = 2_000_000 // 8
"""Bytes a second."""
BREAKS_EVERY_S = 180
MODEM = 256 * 1024
ROOMS, PARTICIPANTS = 10, 20
MP3, STREAM = 7_200_000, 260_000_000
"""Bytes of fifteen minutes at 64 kbit/s, and of a day's stream."""
AGAIN_AT_MOST = 0.03
MB = 1_000_000


def sparse(path: Path, size: int, mark: int) -> bytes:
    """A file that takes no room here and is like no other; returns its content."""
    content = mark.to_bytes(16, "big") + bytes(size - 16)
    with path.open("wb") as file:
        file.write(content[:16])
        file.truncate(size)
    return content


def record_day(school: School) -> int:
    """Every participant and every room's stream; returns their bytes."""
    school.day.mkdir(parents=True)
    kinds = [(Kind.PARTICIPANT, MP3)] * (ROOMS * PARTICIPANTS) + [(Kind.STREAM, STREAM)] * ROOMS
    for number, (kind, size) in enumerate(kinds):
        label = f"Ким {number}" if kind is Kind.PARTICIPANT else f"поток_{number:03d}"
        content = sparse(school.base / "content", size, number)
        school.record(label, b"", kind=kind, size=size, sha256=sha256(content))
        wav = school.day / f"11.02.2026_265_701020_{label}.wav"
        (school.base / "content").replace(wav)
    return sum(path.stat().st_size for path in school.day.iterdir())


@pytest.mark.slow
def test_a_school_day_over_a_line_that_breaks(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = record_day(school)
    with exchange(tmp_path / "exchange") as target, wire_to(target.port) as wire:
        wire.cut_after, wire.cuts, wire.loses = LINE * BREAKS_EVERY_S, 10**6, MODEM
        school.send_to(target, url=f"http://127.0.0.1:{wire.port}/files")
        command = [sys.executable, str(SWIFT), "once", "--config", str(school.base / "sync.toml")]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | {"EXAM_LANGUAGE": "en"}
        )
        assert done.returncode == 0, done.stderr[-3000:]
        breaks, again = 10**6 - wire.cuts, wire.sent / size - 1
    rows = ledger.read(school.state)
    assert len(rows) == 2 * ROOMS * (PARTICIPANTS + 1)
    assert {row.state for row in rows} == {ItemState.DELIVERED}
    stored = sum(path.stat().st_size for path in (target.folder / "schools").rglob("*") if path.is_file())
    assert stored == size
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(rows)} files, {size / MB:.0f} MB; the line broke {breaks} times; "
            f"{100 * again:.2f} % sent twice; {wire.sent / LINE / 3600:.2f} h on the line\n"
        )
    assert breaks > 50
    assert again <= AGAIN_AT_MOST
