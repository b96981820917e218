"""SeaweedFS: a distributed S3 that keeps to the protocol, conditional writes included."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests
from defusedxml import ElementTree
from requests_aws4auth import AWS4Auth
from rig.program import Program, free_port

from exam.errors import ExamError
from sync.transports.bucket import Bucket
from sync.transports.s3 import Objects

BUCKET, PREFIX = "recordings", "2026/701020"
KEY, SECRET = "schoolkey", "school/secret+"
_READY_S = 60.0
_WEED = Path(sys.executable).with_name("weed")


@dataclass
class Seaweed:
    program: Program
    proves = resumes = names_files = True

    @property
    def port(self) -> int:
        return self.program.port

    def bucket(self, port: int | None = None, *, name: str = BUCKET, secret: str = SECRET) -> Bucket:
        return Bucket(f"http://127.0.0.1:{port or self.port}", name, KEY, secret)

    def transport(self, port: int | None = None) -> Objects:
        return Objects(self.bucket(port), PREFIX, self.address, "hub")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/{BUCKET}/{PREFIX}"

    def stored(self) -> dict[str, bytes]:
        """What another client is given: the volumes on the disk are the server's own affair."""
        return {key.removeprefix(f"{PREFIX}/"): self.ask("GET", key).content for key in self.listed()}

    def put(self, path: str, content: bytes) -> None:
        self.ask("PUT", f"{PREFIX}/{path}", content)

    def damage(self) -> None:
        """Every object as a storage would give it that lost a bit without noticing: stored anew with another byte."""
        for key in self.listed():
            content = self.ask("GET", key).content
            self.ask("PUT", key, content[:-1] + bytes([content[-1] ^ 1]))

    @contextmanager
    def outage(self) -> Iterator[None]:
        with self.program.outage():
            yield
        self.wait()

    def listed(self) -> list[str]:
        listed = ElementTree.fromstring(self.ask("GET", "", query="list-type=2").content)
        return [text for element in listed.iter() if element.tag.endswith("}Key") and (text := element.text)]

    def uploads(self) -> int:
        """How many multipart uploads are under way."""
        listed = ElementTree.fromstring(self.ask("GET", "", query="uploads=").content)
        return sum(element.tag.endswith("}UploadId") for element in listed.iter())

    def ask(self, method: str, key: str, content: bytes | None = None, *, query: str = "") -> requests.Response:
        url = f"http://127.0.0.1:{self.port}/{BUCKET}/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
        answer = requests.request(method, url, data=content, auth=AWS4Auth(KEY, SECRET, "us-east-1", "s3"), timeout=60)
        answer.raise_for_status()
        return answer

    def wait(self) -> None:
        """Its parts find each other after it listens; then it stores."""
        deadline, probe = time.monotonic() + _READY_S, f".ready-{time.monotonic_ns()}"
        while True:
            with suppress(requests.RequestException, ExamError):
                self.ask("PUT", probe, b"ready")
                self.ask("DELETE", probe)
                return
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def seaweed(base: Path) -> Iterator[Seaweed]:
    folder, settings, port = base / "seaweed", base / "s3.json", free_port()
    folder.mkdir()
    identity = {"name": "school", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    settings.write_text(json.dumps({"identities": [identity]}))
    command = [
        str(_WEED), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}",
        "-filer", "-s3", f"-s3.port={port}", f"-s3.config={settings}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=64", "-volume.max=100", f"-s3.port.grpc={free_port()}",
        *(f"-{part}.port{kind}={free_port()}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")),
    ]  # fmt: skip
    with Program(command, port, base / "seaweed.log").running() as program:
        far = Seaweed(program)
        far.wait()
        yield far
    shutil.rmtree(folder)


FAR_ENDS = {"SeaweedFS": seaweed}
