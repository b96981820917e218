"""What the centre's tests are staged with: files an exchange holds, a school's released day, somebody who looks."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import msgspec
import requests
from exchange_peers import DEADLINE_S, Served
from forty import School, sync_toml
from msgspec.structs import replace
from rig.schoolday import EXAM_DATE, SCHOOL

from sync import config as configuration
from sync.exchange import identity
from sync.exchange.accounts import Accounts
from sync.exchange.centre import operators
from sync.exchange.centre.collecting import Collecting
from sync.exchange.centre.knowledge import Knowledge
from sync.exchange.centre.shelves import Shelves
from sync.exchange.database import Database
from sync.exchange.register import Register, State, Upload
from sync.exchange.yard import Yard
from sync.model import Receipt
from sync.naming import candidates
from sync.school import package, releasing
from sync.school.cells import Ground, cells_of
from sync.school.gathering import gather
from sync.school.model import Paper, Row, SchoolDay
from sync.school.package import Package, written

WHO, PASSWORD = "Петрова", "correct horse battery"
FOLDER = package.folder_of(EXAM_DATE)
NOON = datetime(2026, 2, 11, 12, tzinfo=UTC)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Staged:
    """An exchange's folder, served or not. Files are laid down as its verifier leaves them, without a network."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.yard = folder, Yard(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.database = Database(self.yard.database)
        self.database._connection.execute("PRAGMA synchronous = OFF")  # no power is cut here
        self.register = Register(self.database)
        self._signer = identity.load(self.yard.key, "centre")
        self._count = 0

    def admit(self, *codes: str) -> None:
        for code in codes:
            Accounts(self.database).add(code)

    def receive(self, code: str, day_folder: str, name: str, content: bytes) -> Upload:
        """A file that came, and is proven."""
        self._count += 1
        digest = sha256(content).hexdigest()
        for candidate in candidates(name, digest):
            place = self.yard.place(code, day_folder, candidate)
            path = self.folder / place
            if not path.exists() or path.read_bytes() == content:
                break
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        receipt = Receipt(f"r{self._count:06d}", self._signer.server, "centre", digest, len(content),
                          NOON + timedelta(seconds=self._count), "server-hash")  # fmt: skip
        upload = Upload(
            id=f"u{self._count}-{code}", school=code, folder=day_folder, filename=name, length=len(content),
            announced=digest, metadata="", state=State.STORED, sha256=digest, place=place, synced=len(content),
            receipt=msgspec.json.encode(receipt.signed_by(self._signer.key)).decode(),
        )  # fmt: skip
        self.register.add(upload)
        return upload

    def refuse(self, code: str, day_folder: str, name: str) -> None:
        """A file that came damaged."""
        self._count += 1
        self.register.add(
            Upload(
                id=f"u{self._count}-{code}", school=code, folder=day_folder, filename=name, length=7,
                announced="0" * 64, metadata="", state=State.QUARANTINED, reason="повредился в пути\ndamaged",
            )
        )  # fmt: skip

    def collecting(self) -> Collecting:
        return Collecting(self.register, Knowledge(self.database, Shelves(self.yard)))


def of_rooms(school: School) -> Iterator[tuple[str, str, bytes]]:
    """What the agents of the rooms deliver: day folder, name, content."""
    for computer in school.recordings:
        for path in sorted(computer.rglob("*")):
            if path.suffix in {".mp3", ".json"}:
                yield path.parent.name, path.name, path.read_bytes()


class Sent:
    """The school of forty, its day as the headquarters put it together and released it, with a scan for everybody."""

    def __init__(self, base: Path) -> None:
        self.school = School(base / "school")
        target = 'kind = "folder"\nfolder = "/nowhere"'
        config = configuration.load(sync_toml(base / "hq", self.school, target=target, papers="by_hand"))
        self.day = self._scanned(gather(config))
        self.rooms = list(of_rooms(self.school))
        self.package = self.released()

    def released(self, **changed: object) -> Package:
        """The package, with other words in it."""
        return replace(releasing._package(self.day, "Петрова А. А.", NOON, None), **changed)

    def send(self, staged: Staged, *, but: tuple[str, ...] = (), package: Package | None = None) -> None:
        """Everything, but files whose names hold one of these words."""
        for folder, name, content in (*self.rooms, *self.papers()):
            if not any(word in name for word in but):
                staged.receive(SCHOOL, folder, name, content)
        self.release(staged, package or self.package)

    def release(self, staged: Staged, told: Package) -> None:
        staged.receive(told.school, FOLDER, told.file, written(told))

    def papers(self) -> Iterator[tuple[str, str, bytes]]:
        for row in self.day.rows:
            yield FOLDER, f"протокол_{row.person.number:03d}.pdf", _scan(row)

    def _scanned(self, day: SchoolDay) -> SchoolDay:
        roster = {row.person.number: row.person for row in day.rows}
        rows = [replace(row, protocol=_paper(row)) for row in day.rows]
        ground = Ground(roster, "scans", {})
        rows = [replace(row, cells=cells_of(row, ground)) for row in rows]
        papers = tuple(row.protocol for row in rows if row.protocol)
        return replace(day, papers_way="scans", papers=papers, rows=tuple(rows), faults=())


def _scan(row: Row) -> bytes:
    return f"scan of {row.person.number}".encode()


def _paper(row: Row) -> Paper:
    name = f"протокол_{row.person.number:03d}.pdf"
    return Paper(name, name, "protocol", sha256(_scan(row)).hexdigest(), len(_scan(row)), 1, row.person.number)


def admit_operator(folder: Path, name: str = WHO, password: str = PASSWORD) -> None:
    """Their password is quicker to look at than a real one."""
    staged = Database(Yard(folder).database)
    with patch.object(operators, "_LOG_N", 10):
        operators.Operators(staged).add(name, password)
    staged.close()


class Visitor:
    """Somebody with a browser that does only what it is told."""

    def __init__(self, served: Served | str) -> None:
        self.url = served if isinstance(served, str) else served.url
        self.http = requests.Session()

    def get(self, path: str = "", **more: object) -> requests.Response:
        return self.http.get(f"{self.url}/centre{path}", timeout=DEADLINE_S, **more)  # type: ignore[arg-type]

    def post(self, path: str, fields: Mapping[str, str] | None = None, origin: str | None = None) -> requests.Response:
        headers = {"Origin": self.url if origin is None else origin}
        return self.http.post(
            f"{self.url}/centre{path}", data=dict(fields or {}), headers=headers, timeout=DEADLINE_S,
            allow_redirects=False,
        )  # fmt: skip

    def enter(self, name: str = WHO, password: str = PASSWORD) -> requests.Response:
        return self.post("/login", {"name": name, "password": password})

    def press(self, page: str, path: str, fields: Mapping[str, str] | None = None) -> requests.Response:
        """A button of a page, with what the page put into its form."""
        found = _CSRF.search(self.get(page).text)
        assert found is not None
        return self.post(path, {"csrf": found[1], **(fields or {})})
