"""Somebody who opens a room's page: gets in as the starter does, then speaks HTTP and WebSocket like a browser."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

READY_S = 20.0
_POLL_S = 0.05


@dataclass
class Visitor:
    """A browser that was let in to the page at `url`."""

    url: str
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def headers(self) -> Mapping[str, str]:
        """What a browser sends along."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        return {"Origin": self.url, "Cookie": cookie}

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.url + path, timeout=READY_S, **more)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        sent = {"Origin": self.url, **headers}
        return self.http.post(self.url + path, json=body, headers=sent, timeout=READY_S)

    def order(self, command: str, **args: Any) -> dict[str, Any]:
        """A command that must succeed; the status after it."""
        answer = self.post("/api/command", {"command": command, "args": args})
        assert answer.status_code == requests.codes.ok, answer.text
        status: dict[str, Any] = answer.json()["status"]
        return status

    @contextlib.contextmanager
    def live(self, *, visible: bool = False) -> Iterator[ClientConnection]:
        """The page's socket."""
        address = self.url.replace("http", "ws", 1) + "/live"
        with connect(address, additional_headers=dict(self.headers), max_size=None) as opened:
            if visible:
                opened.send('{"visible": true}')
            yield opened


def invitation(page_socket: Path) -> tuple[dict[str, Any], socket.socket]:
    """What the page's process says to who may enter; the token is good while the connection lasts."""
    deadline = time.monotonic() + READY_S
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(page_socket))
            with connection.makefile("rb") as lines:
                told: dict[str, Any] = json.loads(lines.readline() or b"{}")
            if "url" in told:
                return told, connection
        except OSError:
            pass
        connection.close()
        assert time.monotonic() < deadline, "there is no page"
        time.sleep(_POLL_S)


def visitor(page_socket: Path) -> Visitor:
    """Let in by the launch token, as by the starter's file."""
    told, connection = invitation(page_socket)
    made = Visitor(told["url"])
    with connection:
        form = {"token": told["token"]}
        answer = made.http.post(made.url + "/enter", form, headers={"Origin": "null"}, allow_redirects=False)
    assert answer.status_code == requests.codes.see_other, answer.text
    return made


def await_message(live: ClientConnection, true: Callable[[dict[str, Any]], bool], within_s: float) -> dict[str, Any]:
    """The first message that is so."""
    deadline = time.monotonic() + within_s
    while True:
        told: dict[str, Any] = json.loads(live.recv(timeout=deadline - time.monotonic()))
        if true(told):
            return told
