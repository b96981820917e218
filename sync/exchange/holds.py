"""Which uploads are being written to right now: one connection at a time, and no verification meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from sync.exchange.refusal import Refused


class Holds:
    """Taken on the event loop; asked from any thread."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def __contains__(self, upload_id: str) -> bool:
        return upload_id in self._held

    @contextmanager
    def hold(self, upload_id: str) -> Iterator[None]:
        """Have the upload alone. Raises Refused (423) when another connection has it."""
        if upload_id in self._held:
            raise Refused(
                423,
                "locked",
                "Этот файл сейчас принимается по другому соединению. Повторите через несколько секунд.",
                "This file is being received over another connection. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            )
        self._held.add(upload_id)
        try:
            yield
        finally:
            self._held.discard(upload_id)
