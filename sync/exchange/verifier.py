"""The threads that make an upload a stored file: re-hash from disk, place without overwriting, sign.

Each step ends in a committed state, and each may be begun again after a crash: the place is found by name and
content, so what was moved before the crash is recognised and never moved or lost twice.
"""

import logging
import threading
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from exam import durable
from exam.errors import ExamError
from sync.exchange.ground import Ground
from sync.exchange.identity import Identity
from sync.exchange.manifests import MOST_BYTES, chain_head_in, may_be_manifest
from sync.exchange.register import Register, State, Upload
from sync.exchange.storing import FolderStore, Store, digest_on_disk
from sync.exchange.yard import Yard
from sync.model import Receipt
from sync.naming import candidates

_THREADS = 4
"""They mostly wait for the disk to sync."""
_LOG = logging.getLogger(__name__)

Settled = Upload | None
"""The upload as the verifier left it; None when it failed for now and waits to be submitted again."""


class _Stopping(Exception):
    """The server stops; the next start takes the upload up again."""


class Verifier:
    """Owns whole uploads until they are stored or quarantined; those of one school one after the other."""

    def __init__(self, register: Register, yard: Yard, identity: Identity, store: Store | None = None) -> None:
        """`store`: where files lie for good; the yard's own folder when none is given."""
        self._register = register
        self._store: Store = store or FolderStore(yard.folder)
        self._yard, self._ground = yard, Ground(yard.folder)
        self._identity = identity
        self._threads = [ThreadPoolExecutor(1, f"verifier-{number}") for number in range(_THREADS)]
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._pending: dict[str, Future[Settled]] = {}
        self._steps: Mapping[State, Callable[[Upload], Upload]] = {
            State.RECEIVING: self._prove,
            State.VERIFIED: self._place,
            State.QUARANTINED: self._set_aside,
        }

    def resume(self) -> None:
        """Take up what an earlier run of the server left unsettled."""
        for upload in self._register.unsettled():
            self._resume(upload)

    def submit(self, upload: Upload) -> Future[Settled]:
        """Have a whole upload settled; asked again while that is under way, gives the same future."""
        # A school's in their turn: two that want the same place must not meet there.
        thread = self._threads[zlib.crc32(upload.school.encode()) % _THREADS]
        with self._lock:
            if upload.id not in self._pending:
                self._pending[upload.id] = thread.submit(self._settle, upload.id)
            return self._pending[upload.id]

    def close(self) -> None:
        """Stop between two blocks; what is not settled is taken up at the next start."""
        self._stopping.set()
        for thread in self._threads:
            thread.shutdown(cancel_futures=True)
        self._store.close()

    def _resume(self, upload: Upload) -> None:
        incoming = self._yard.incoming(upload.school, upload.id)
        if upload.state is State.VERIFIED or incoming.exists():
            if upload.state is not State.RECEIVING or incoming.stat().st_size == upload.length:
                self.submit(upload)
        elif upload.state is State.RECEIVING:
            self._register.forget(upload)  # terminated, and the server died before it could say so

    def _settle(self, upload_id: str) -> Settled:
        try:
            return self._walk(self._register.find(upload_id))
        except _Stopping:
            return None
        except ExamError as error:
            _LOG.error("upload %s waits, it is tried again when its receipt is asked for: %s", upload_id, error)
            return None
        except Exception:  # noqa: BLE001 - the named edge: one upload's trouble must not end the thread of all
            _LOG.exception("upload %s could not be settled; it is tried again when its receipt is asked for", upload_id)
            return None
        finally:
            with self._lock:
                self._pending.pop(upload_id, None)

    def _walk(self, upload: Settled) -> Settled:
        while upload and upload.state in self._steps:
            self._ground.check()
            before, upload = upload, self._steps[upload.state](upload)
            if upload.state is before.state:
                break
        return upload

    def _prove(self, upload: Upload) -> Upload:
        incoming = self._yard.incoming(upload.school, upload.id)
        if incoming.stat().st_size != upload.length:
            return upload
        found = digest_on_disk(incoming, self._keep_on)
        if upload.announced in {None, found}:
            return self._register.advance(upload, State.VERIFIED, sha256=found)
        return self._quarantine(
            upload,
            f"SHA-256 записанных байт {found}, а объявлен {upload.announced}: файл повредился в пути или изменился. "
            "Присланное отложено, не выдаётся за полученное; отправьте файл заново.",
            f"SHA-256 of the stored bytes is {found}, announced was {upload.announced}: damaged on the way, or the "
            "file changed. What came is set aside and not taken for delivered; send the file anew.",
        )

    def _place(self, upload: Upload) -> Upload:
        sha256 = upload.sha256 or ""
        incoming = self._yard.incoming(upload.school, upload.id)
        for name in candidates(upload.filename, sha256):
            place = self._yard.place(upload.school, upload.folder, name)
            if self._store.lay(incoming, place, sha256, self._keep_on):
                return self._acknowledge(upload, place)
        self._ground.check()  # else it vanished with its disk
        return self._quarantine(
            upload,
            "Проверенный файл исчез с диска сервера до того, как лёг на место. Отправьте его заново.",
            "The verified file vanished from the server's disk before it was in place. Send it anew.",
        )

    def _acknowledge(self, upload: Upload, place: str) -> Upload:
        known = self._store.label + place
        earlier = self._register.stored_at(known, upload.sha256 or "")
        receipt = earlier.signed() if earlier else self._sign(upload, place)
        text = msgspec.json.encode(receipt).decode()
        _LOG.info("stored upload %s of school %s: %d bytes", upload.id, upload.school, upload.length)
        return self._register.advance(upload, State.STORED, place=known, receipt=text)

    def _sign(self, upload: Upload, place: str) -> Receipt:
        beginning = self._store.beginning(place, MOST_BYTES) if may_be_manifest(place) else b""
        return Receipt(
            receipt_id=uuid4().hex,
            server=self._identity.server,
            tier=self._identity.tier,
            sha256=upload.sha256 or "",
            size=upload.length,
            stored_at=datetime.now(UTC),
            method="server-hash",
            chain_head=chain_head_in(beginning, upload.sha256 or ""),
        ).signed_by(self._identity.key)

    def _quarantine(self, upload: Upload, ru: str, en: str) -> Upload:
        _LOG.warning("quarantined upload %s of school %s: %s", upload.id, upload.school, en)
        return self._register.advance(upload, State.QUARANTINED, reason=f"{ru}\n{en}")

    def _set_aside(self, upload: Upload) -> Upload:
        incoming = self._yard.incoming(upload.school, upload.id)
        if incoming.exists():
            aside = self._yard.quarantine(upload.school, upload.id)
            durable.make_folder(aside.parent)
            durable.move_without_replacing(incoming, aside)
        return upload

    def _keep_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopping
