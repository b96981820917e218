"""Whether there is room for what is announced: on the disk, and within the school's quota.

Only `files` calls it. What was announced and has not arrived yet counts as if it lay there: a hundred uploads begun
together must not find out halfway that there was room for fifty.
"""

import shutil
import threading

from sync.exchange.accounts import Accounts
from sync.exchange.refusal import NO_ROOM_AGAIN_S, Refused
from sync.exchange.register import Register, Upload
from sync.exchange.yard import Yard

RESERVE = 256 * 1024**2
"""Bytes kept free on the disk, so that the register and what is on its way can still be written."""
QUOTA_AGAIN_S = 600
"""Seconds after which a client may look whether somebody raised the quota."""
MOST_UNFINISHED = 2000
"""Uploads a school may have begun: an agent has one, and each crash of it may leave one behind. Looking for a school's
receipt takes time with each that did not say what it is, and that time is everybody's."""
_GB = 10**9


class Space:
    """The one place where uploads are let in. Blocking; used by any thread."""

    def __init__(self, accounts: Accounts, register: Register, yard: Yard) -> None:
        self._accounts, self._register, self._yard = accounts, register, yard
        self._lock = threading.Lock()
        self._entering: dict[str, Upload] = {}
        """Let in, and not known to be in the register yet."""

    def admit(self, upload: Upload) -> None:
        """Enter `upload` in the register. Raises Refused (507) without room for all of it, 429, OSError, Transient."""
        with self._lock:  # two that would fit alone must not both be let in
            if self._register.count_unfinished(upload.school) >= MOST_UNFINISHED:
                raise _too_many()
            self._check_disk(upload.length)
            self._check_quota(upload.school, upload.length)
            self._entering[upload.id] = upload
        try:
            self._register.add(upload)
        finally:
            del self._entering[upload.id]

    def _check_disk(self, length: int) -> None:
        free = shutil.disk_usage(self._yard.folder).free - RESERVE
        free -= sum(upload.length for upload in list(self._entering.values()))
        if free >= length + self._register.announced_bytes():  # counts twice what has arrived: sure, and quick
            return
        promised = sum(self._to_come(upload) for upload in self._register.unfinished())
        if free < length + promised:
            raise _no_room(length, max(0, free), promised)

    def _to_come(self, upload: Upload) -> int:
        try:
            return upload.length - self._yard.incoming(upload.school, upload.id).stat().st_size
        except FileNotFoundError:
            return 0

    def _check_quota(self, school: str, length: int) -> None:
        quota = self._accounts.quota(school)
        if quota is None:
            return
        used = self._register.bytes_of(school)
        used += sum(upload.length for upload in list(self._entering.values()) if upload.school == school)
        if used + length > quota:
            raise _quota_used_up(school, length, used, quota)


def _too_many() -> Refused:
    return Refused(
        429,
        "too_many_uploads",
        f"У школы начато и не закончено {MOST_UNFINISHED} отправок, больше нельзя. Принятое цело; закончите или "
        "отмените их — брошенные сервер уберёт сам.",
        f"The school has begun {MOST_UNFINISHED} uploads, and may have no more. What arrived is safe; finish or "
        "terminate some: the abandoned ones will go by themselves.",
        headers={"Retry-After": str(QUOTA_AGAIN_S)},
    )


def _no_room(length: int, free: int, promised: int) -> Refused:
    return Refused(
        507,
        "no_room",
        f"На диске сервера нет места: нужно {length} байт, свободно {free}, из них обещано начатым отправкам "
        f"{promised}. Ничего не записано; освободите место на сервере — отправка продолжится сама.",
        f"No room on the server's disk: {length} bytes needed, {free} free, of which {promised} are promised to "
        "uploads under way. Nothing was stored; make room on the server: sending will go on by itself.",
        headers={"Retry-After": str(NO_ROOM_AGAIN_S)},
    )


def _quota_used_up(school: str, length: int, used: int, quota: int) -> Refused:
    have, all_of_it, more = (f"{amount / _GB:.2f}" for amount in (used, quota, length))
    return Refused(
        507,
        "quota",
        f"Квота школы исчерпана: принято и объявлено {have} ГБ из {all_of_it}, файлу нужно {more} ГБ. Принятое цело; "
        f"попросите увеличить квоту (station-sync exchange quota {school}) — отправка продолжится сама.",
        f"The school's quota is used up: {have} GB of {all_of_it} stored and announced, this file needs {more} GB. "
        f"What arrived is safe; ask for a larger quota (station-sync exchange quota {school}): sending will go on by "
        "itself.",
        headers={"Retry-After": str(QUOTA_AGAIN_S)},
    )
