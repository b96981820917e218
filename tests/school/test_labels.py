"""Labels that are printed are read by the part that looks for them on scans."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from paper_day import EARLY, REMOVED, paper_day
from PIL import Image

from exam.roster import Participant
from sync.papers import act_pdf, labels_pdf
from sync.papers.acts import acts_of
from sync.papers.labels import labels_of
from sync.scans import barcodes, codes
from sync.scans.model import Belongs

DAY = paper_day()
ROSTER: dict[int, Participant] = {row.person.number: row.person for row in DAY.rows}


def belongs(text: str) -> object:
    return codes.read([text], school=DAY.school, exam_date=DAY.exam_date, roster=ROSTER)


def test_every_label_is_one_that_scans_know() -> None:
    assert [belongs(label.code) for label in labels_of(DAY)] == [
        *(Belongs("protocol", participant=number) for number in ROSTER),
        *(Belongs("act", participant=number) for number in (EARLY, REMOVED, 7)),
        *(Belongs("room_sheet", room=room) for room in ("12а", "265")),
        Belongs("form_c1"),
    ]


def scanned(content: bytes, folder: Path) -> list[list[str]]:
    """The codes on each page, printed and scanned at 150 dots an inch."""
    paper = folder / "paper.pdf"
    paper.write_bytes(content)
    subprocess.run(["pdftoppm", "-r", "150", "-gray", paper, folder / "page"], check=True, timeout=60)
    pages = sorted(folder.glob("page*.pgm"))
    return [list(barcodes.read(np.asarray(Image.open(page)))) for page in pages]


@pytest.mark.slow
def test_printed_acts_and_labels_are_read(tmp_path: Path) -> None:
    made, _ = acts_of(DAY, {})
    (tmp_path / "acts").mkdir()
    read = scanned(act_pdf.draw(made), tmp_path / "acts")
    assert [[belongs(text) for text in page] for page in read] == [
        [Belongs("act", participant=number)] for number in (EARLY, REMOVED, REMOVED)
    ]
    for label in labels_of(DAY)[-3:]:  # a room whose number has a Cyrillic letter among them
        folder = tmp_path / label.code[-3:]
        folder.mkdir()
        assert scanned(labels_pdf.draw([label], "МБОУ СОШ № 1"), folder) == [[label.code]]
