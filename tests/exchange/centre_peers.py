"""What the centre's tests are staged with: files an exchange holds, a school that released its day, somebody who looks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import requests
from exchange_peers import DEADLINE_S, Served
from forty import School

from exam import names
from exam.manifest import Manifest
from sync.exchange import identity
from sync.exchange.accounts import Accounts
from sync.exchange.centre.collecting import Collecting
from sync.exchange.centre.knowledge import Knowledge
from sync.exchange.centre.operators import Operators
from sync.exchange.centre.shelves import Shelves
from sync.exchange.database import Database
from sync.exchange.register import Register, State, Upload
from sync.exchange.yard import Yard
from sync.model import Receipt
from sync.naming import candidates
from sync.school import package
from sync.school.model import Paper, SchoolDay
from sync.school.package import Package, PackageFile

WHO, PASSWORD = "Петрова", "correct horse battery"
NOON = datetime(2026, 2, 11, 12, tzinfo=UTC)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Staged:
    """An exchange's folder that is served or not. Files are laid down as its verifier leaves them, without a network."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.yard = folder, Yard(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.database = Database(self.yard.database)
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
                id=f"u{self._count}-{code}", school=code, folder=day_folder, filename=name, length=7, announced="0" * 64,
                metadata="", state=State.QUARANTINED, reason="SHA-256 не тот: повредился в пути\nnot that SHA-256",
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


def protocols(day: SchoolDay) -> Iterator[tuple[Paper, bytes]]:
    """A scan for everybody, good as the school found it."""
    for row in day.rows:
        content = f"scan of {row.person.number}".encode()
        name = f"протокол_{row.person.number:03d}.pdf"
        yield Paper(name, name, "protocol", sha256(content).hexdigest(), len(content), 1, row.person.number), content


def paper_files(exam_date: date, papers: Iterable[Paper]) -> tuple[PackageFile, ...]:
    folder = package.folder_of(exam_date)
    return tuple(PackageFile(f"{folder}/{one.name}", one.kind, one.sha256, one.size) for one in papers)


def content_of(told: Package) -> bytes:
    return package.written(told)


def folder_of(manifest: Manifest) -> str:
    return names.day_folder(manifest.exam_date, manifest.room)


def admit_operator(folder: Path, name: str = WHO, password: str = PASSWORD) -> None:
    staged = Database(Yard(folder).database)
    Operators(staged).add(name, password)
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
