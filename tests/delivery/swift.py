"""`station-sync` as a program whose waits are a hundredth of what they are, and that may find no names in the network.

    python swift.py run --config FILE

While `no-names` lies beside the configuration no name resolves.
"""

import faulthandler
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from sync import agent, pace, watch
from sync.cli import main
from sync.transports import web


def hurry(config: Path) -> None:
    """Shorten every wait of this process."""
    if 'kind = "sftp"' in config.read_text():
        from sync.transports import ssh  # noqa: PLC0415 - its library is large, and the other kinds do without

        ssh._CONNECT_S, ssh._ANSWER_S = 2.0, 2.0
    pace.BACKOFF_BASE_S, pace.BACKOFF_CAP_S, pace.RETRY_AFTER_CAP_S = 0.01, 0.2, 0.2
    pace.HUMAN_S, pace.OTHERS_FIRST_S, pace.POLL_FIRST_S, pace.POLL_CAP_S = 0.3, 0.05, 0.02, 0.2
    agent.RESCAN_S, agent.REVIVE_S, agent.COPYING_S = 1.0, 2.0, 0.3
    watch.COPIED_NS = 300_000_000
    web._LIMITS_S = (1.0, 1.5)


def without_names(gone: Path) -> None:
    """No name resolves while `gone` exists."""
    resolve = socket.getaddrinfo

    def resolved(*what: Any, **more: Any) -> Any:
        if gone.exists():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(*what, **more)

    socket.getaddrinfo = resolved


if __name__ == "__main__":
    faulthandler.register(signal.SIGUSR1)  # shows where it is, when it does not go on
    told = Path(sys.argv[-1])
    hurry(told)
    without_names(told.with_name("no-names"))
    sys.exit(main(sys.argv[1:]))
