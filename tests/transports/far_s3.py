"""An S3: SeaweedFS."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig import seaweed
from rig.seaweed import BUCKET, KEY, SECRET, Seaweed

from sync.transports.bucket import Bucket
from sync.transports.s3 import Objects

PREFIX = "2026/701020"


@dataclass
class Storage:
    server: Seaweed
    proves = resumes = names_files = True

    @property
    def port(self) -> int:
        return self.server.port

    def bucket(self, port: int | None = None, *, secret: str = SECRET) -> Bucket:
        return Bucket(f"http://127.0.0.1:{port or self.port}", BUCKET, KEY, secret)

    def transport(self, port: int | None = None) -> Objects:
        return Objects(self.bucket(port), PREFIX, f"{self.server.url}/{BUCKET}/{PREFIX}", "hub")

    def stored(self) -> dict[str, bytes]:
        """What another client is given: the volumes on the disk are the server's own affair."""
        return self.server.below(f"{PREFIX}/")

    def put(self, path: str, content: bytes) -> None:
        self.server.ask("PUT", f"{PREFIX}/{path}", content)

    def damage(self) -> None:
        """Every object as a storage would give it that lost a bit without noticing: stored anew with another byte."""
        for path, content in self.stored().items():
            self.put(path, content[:-1] + bytes([content[-1] ^ 1]))

    def outage(self) -> AbstractContextManager[None]:
        return self.server.outage()


@contextmanager
def storage(base: Path) -> Iterator[Storage]:
    with seaweed.seaweed(base) as server:
        yield Storage(server)


FAR_ENDS = {"SeaweedFS": storage}
