"""SeaweedFS: a distributed S3 that keeps to the protocol, conditional writes included. Ready in some 4 s."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import requests
from defusedxml import ElementTree
from requests_aws4auth import AWS4Auth

from rig.ports import free_port
from rig.program import Program

BUCKET = "recordings"
KEY, SECRET = "schoolkey", "school/secret+"
_READY_S = 60.0
_WEED = Path(sys.executable).with_name("weed")


class Seaweed:
    """A server that runs, with one bucket; spoken to by another client than ours."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, key: str, content: bytes | None = None, *, query: str = "") -> requests.Response:
        url = f"{self.url}/{BUCKET}/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
        answer = requests.request(method, url, data=content, auth=AWS4Auth(KEY, SECRET, "us-east-1", "s3"), timeout=60)
        answer.raise_for_status()
        return answer

    def below(self, prefix: str) -> dict[str, bytes]:
        """Every object whose key begins so, by the rest of its key."""
        return {key.removeprefix(prefix): self.ask("GET", key).content for key in self.listed(prefix)}

    def listed(self, prefix: str = "") -> list[str]:
        query = f"list-type=2&prefix={quote(prefix, safe='')}"
        listed = ElementTree.fromstring(self.ask("GET", "", query=query).content)
        return [text for element in listed.iter() if element.tag.endswith("}Key") and (text := element.text)]

    def uploads(self) -> int:
        """How many uploads in parts are under way."""
        listed = ElementTree.fromstring(self.ask("GET", "", query="uploads=").content)
        return sum(element.tag.endswith("}UploadId") for element in listed.iter())

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Killed for the time of the block."""
        with self.program.outage():
            yield
        self.wait()

    def wait(self) -> None:
        """Its parts find each other after it listens; then it stores."""
        deadline, probe = time.monotonic() + _READY_S, f".ready-{time.monotonic_ns()}"
        while True:
            with suppress(requests.RequestException):
                self.ask("PUT", probe, b"ready")
                self.ask("DELETE", probe)
                return
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def seaweed(base: Path) -> Iterator[Seaweed]:
    """A server of its own, everything it keeps below `base`."""
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
        server = Seaweed(program)
        server.wait()
        yield server
