"""Unfinished uploads that nobody goes on with: dropped after a time without a byte, so that they hold no room for ever.

Never a whole upload, never one that grows, never what is in quarantine. The sender still has the file, and is told
(404) to begin anew. `app` has it swept; `files` tells clients how long they have.
"""

import asyncio
import logging
import time
from email.utils import formatdate

from exam.errors import ExamError
from sync.exchange import pools
from sync.exchange.holds import Holds
from sync.exchange.incoming import Incoming
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, Upload

DEFAULT_DAYS = 14.0
DAY_S = 86_400
EVERY_S = 3600.0
_LOG = logging.getLogger(__name__)


class Expiry:
    """`after_s`: seconds without a byte after which an unfinished upload goes."""

    def __init__(self, register: Register, incoming: Incoming, holds: Holds, after_s: float) -> None:
        self._register, self._incoming, self._holds, self._after_s = register, incoming, holds, after_s

    def headers(self, upload: Upload) -> dict[str, str]:
        """`Upload-Expires`, while the upload is unfinished."""
        grown_at = self._incoming.grown_at(upload)
        return {} if grown_at is None else {"Upload-Expires": formatdate(grown_at + self._after_s, usegmt=True)}

    async def sweep(self) -> None:
        """Drop what has expired, once."""
        for upload in await asyncio.to_thread(self._expired):
            try:
                with self._holds.hold(upload.id):  # nobody adds to it meanwhile
                    await pools.synced(self._drop, upload)
            except Refused:
                continue  # it grows, or was terminated

    async def sweep_on(self) -> None:
        """Sweep at every hour's end, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.sweep()
            except (OSError, ExamError) as error:
                _LOG.error("expired uploads could not be dropped, tried again in an hour: %s", error)

    def _expired(self) -> list[Upload]:
        return [upload for upload in self._register.unfinished() if self._has_expired(upload)]

    def _has_expired(self, upload: Upload) -> bool:
        grown_at = self._incoming.grown_at(upload)
        return grown_at is not None and time.time() - grown_at > self._after_s

    def _drop(self, upload: Upload) -> None:
        if self._has_expired(upload):
            self._incoming.drop(upload)
            _LOG.info("dropped unfinished upload %s of school %s: it had expired", upload.id, upload.school)
