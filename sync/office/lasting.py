"""The headquarters' pages, served for as long as nobody asks them to end. Called by `commands`, to serve alone."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable

from exam.errors import ExamError
from sync.config import Config
from sync.office.serving import entrance_of, serve
from sync.office.wiring import desk_for


def serve_until_told(config: Config, address: tuple[str, int], lets_in: Callable[[], object] | None) -> None:
    """Serve until SIGTERM or SIGINT; `lets_in` is called once they can be opened. Raises what keeps them out."""
    asyncio.run(_until_told(config, address, lets_in))


async def _until_told(config: Config, address: tuple[str, int], lets_in: Callable[[], object] | None) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    failed: list[ExamError] = []

    def let_in() -> None:
        try:
            if lets_in is not None:
                lets_in()
        except ExamError as error:
            if error.code == "not_opened":  # the page is there; whoever comes later asks again
                logging.getLogger("sync.office").warning("%s", error)
                return
            failed.append(error)
            loop.call_soon_threadsafe(ended.set)

    letting = threading.Thread(target=let_in, daemon=True)

    def opened() -> None:
        if lets_in is not None and not letting.ident:
            letting.start()

    serving = asyncio.create_task(serve(desk_for(config), entrance_of(config.school, config.state), address, opened))
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    if failed:
        raise failed[0]
