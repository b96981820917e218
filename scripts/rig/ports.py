"""Ports of loopback for servers that are about to begin, each given once among all tests that run at the same time."""

import random
import socket
from collections import deque
from contextlib import suppress

_CLAIMS: deque[socket.socket] = deque()
_CLAIMED_AT_MOST = 64  # by then the oldest one's server has begun, or ended


def free_port() -> int:
    """One that nobody listens on, that no other process is given meanwhile, and that the kernel gives to no connection:
    those begin at 32768."""
    while True:
        with suppress(OSError):
            port = random.randrange(16_000, 32_000)  # noqa: S311 - no secret
            _CLAIMS.append(_claimed(port))
            if len(_CLAIMS) > _CLAIMED_AT_MOST:
                _CLAIMS.popleft().close()
            return port


def _claimed(port: int) -> socket.socket:
    """A name in the kernel, which ends with this process. OSError when the name or the port is another's."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0exam-test-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        raise
    return claim
