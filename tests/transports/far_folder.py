"""A folder of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from far_ends import files_below, flip_last_byte

from sync.naming import PART_PREFIX
from sync.transports import Transport
from sync.transports.folder import Drive
from sync.transports.shelf import Shelved


@dataclass
class FolderHere:
    folder: Path
    proves = resumes = names_files = True
    port = None

    def transport(self, port: int | None = None) -> Transport:
        assert port is None
        return Shelved(Drive(self.folder, self.folder.with_name("mounted-at")), str(self.folder), "folder")

    def stored(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in files_below(self.folder)
            if not path.name.startswith(PART_PREFIX)
        }

    def put(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def damage(self) -> None:
        for path in files_below(self.folder):
            flip_last_byte(path)

    @contextmanager
    def outage(self) -> Iterator[None]:
        away = self.folder.with_name("away")
        self.folder.rename(away)
        yield
        away.rename(self.folder)


@contextmanager
def folder_here(base: Path) -> Iterator[FolderHere]:
    folder = base / "target"
    folder.mkdir()
    yield FolderHere(folder)


FAR_ENDS = {"folder": folder_here}
