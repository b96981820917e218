"""What a refusal of an S3 means: again later, not this item, or a person must act. Used by `sync.transports.bucket`.

The code in the answer decides, the status where there is none (HEAD is answered without a body).
"""

from exam.errors import ExamError, Fatal, Rejected, Transient
from sync.transports import web
from sync.transports.web import Answer

_LATER = {
    "BadDigest", "ConditionalRequestConflict", "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout",
    "ServiceUnavailable", "SlowDown", "XAmzContentSHA256Mismatch",
}  # fmt: skip
_NO_ROOM = {"InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
_ELSEWHERE = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
_MISDIRECTED = {404, 405, 410}
_SERVER_ERROR, _NO_SPACE_LEFT = 500, 507
_REDIRECTED = range(300, 400)


class Refusals:
    """Those of one bucket."""

    def __init__(self, url: str, bucket: str) -> None:
        self._url, self._bucket = url, bucket

    def error(self, answer: Answer, code: str) -> ExamError:
        """The error to raise for a refusal with this `code` (empty where none was told)."""
        status = answer.status_code
        if code in _NO_ROOM or status == _NO_SPACE_LEFT:
            return self._no_room(answer)
        if code in _LATER or status in web.BUSY or status >= _SERVER_ERROR:
            return web.later(answer)
        return self._lasting(status, code)

    def _lasting(self, status: int, code: str) -> ExamError:
        word = code or str(status)
        if code == "NoSuchBucket":
            return self.no_bucket()
        if code == "RequestTimeTooSkewed":
            return self._clock()
        if code in _ELSEWHERE or status in _REDIRECTED:
            return self._elsewhere(word)
        if status in web.UNAUTHORISED:
            return self._keys(word)
        return self._misdirected(status) if status in _MISDIRECTED else _declined(word)

    def _no_room(self, answer: Answer) -> Transient:
        return Transient(
            f"В хранилище {self._url} кончилось место; отправка продолжится сама, когда его освободят.",
            f"The storage {self._url} is full; sending will go on by itself once there is room.",
            code="no_room",
            retry_after=web.retry_after(answer),
        )

    def no_bucket(self) -> Fatal:
        return Fatal(
            f"В хранилище {self._url} нет бакета «{self._bucket}». Ничего не потеряно; проверьте bucket в настройках.",
            f"The storage {self._url} has no bucket “{self._bucket}”. Nothing is lost; check bucket in the settings.",
            code="no_bucket",
        )

    def _elsewhere(self, word: str) -> Fatal:
        return Fatal(
            f"Хранилище {self._url} отсылает в другое место ({word}). Проверьте url и region в настройках.",
            f"The storage {self._url} refers elsewhere ({word}). Check url and region in the settings.",
            code="moved",
        )

    def _clock(self) -> Fatal:
        return Fatal(
            f"Часы компьютера расходятся с часами хранилища {self._url}, а своё время оно не сообщает. Поправьте часы.",
            f"This computer's clock differs from that of {self._url}, which does not tell its time. Mend the clock.",
            code="clock",
        )

    def _keys(self, word: str) -> Fatal:
        return Fatal(
            f"Хранилище {self._url} не приняло ключи доступа ({word}). Ничего не потеряно; проверьте файл с ключами и "
            f"права на бакет «{self._bucket}».",
            f"The storage {self._url} refused the keys ({word}). Nothing is lost; check the file with the keys and "
            f"what they may do in the bucket “{self._bucket}”.",
            code="wrong_keys",
        )

    def _misdirected(self, status: int) -> Fatal:
        return Fatal(
            f"По адресу {self._url} нет хранилища S3 (ответ {status}). Проверьте url в настройках.",
            f"No S3 answers at {self._url} (status {status}). Check url in the settings.",
            code="misdirected",
        )


def _declined(word: str) -> Rejected:
    return Rejected(
        f"Хранилище отказалось принять файл ({word}). Файл здесь цел; сообщите администратору хранилища.",
        f"The storage refused the file ({word}). The file here is safe; tell the storage's administrator.",
        code="refused",
    )
