"""HTTP as every transport over it speaks it: the token, the time limits, and errors in our words.

The only module that imports `requests`; its errors leave here as Transient, Rejected or Fatal. Used by the transports.
"""

import base64
import ssl
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from exam import oswords
from exam.errors import ConfigError, ExamError, Fatal, Rejected, Transient
from sync import wording
from sync.transports import answers

BLOCK_BYTES = 128 * 1024
"""What is given to the line at a time: one block must get through within the first limit, on the slowest line."""

_LIMITS_S = (20.0, 120.0)
"""To connect or to get a block accepted; to be answered (a server may sync or hash before it answers), in one read: all
of an answer is the matter of `answers`."""

_MOST_BYTES = 4 * 1024 * 1024
"""Of an answer that is no file: a listing of a thousand parts is half of it."""

Answer = requests.Response
Auth = AuthBase
Request = requests.PreparedRequest

OK, ACCEPTED = 200, 202
CONFLICT, TOO_LARGE = 409, 413
GONE = frozenset({403, 404, 410})
UNAUTHORISED = frozenset({401, 403})
BUSY = frozenset({408, 423, 425, 429, 460, 502, 503, 504})
NO_ROOM = 507
_SERVER_ERROR = 500
_PROXY_LOGIN = 407
_TOLD = {(NO_ROOM, "no_room"), (NO_ROOM, "quota"), (429, "too_many_uploads")}
_TOLD_BYTES = 2000
_BOTH = 2  # languages
_OTHER_CERTIFICATE = "Fingerprints did not match"
_MISDIRECTED = frozenset({404, 405, 410, 412})

_BUSY_WORDS = {
    507: ("На диске получателя кончилось место", "The far end's disk is full", "far_disk_full"),
    429: ("Сервер перегружен и просит подождать", "The server is overloaded and asks to wait", "server_busy"),
    423: ("Файл на сервере занят другой отправкой", "The file is locked at the server", "locked"),
    460: ("Часть файла повредилась в пути", "A piece of the file was damaged on its way", "damaged_on_the_way"),
}
_BUSY_UNKNOWN = ("Сервер сейчас не может принять файл", "The server cannot take the file now", "server_busy")

_DECLINED = {
    CONFLICT: (
        "На сервере уже есть другой файл с этим именем, он не заменён",
        "The server holds another file of this name, which was not replaced",
        "name_taken",
    ),
    TOO_LARGE: ("Сервер не принимает файлы такого размера", "The server takes no files of this size", "too_large"),
}
_UNKNOWN_REFUSAL = ("Сервер отказался принять файл", "The server refused the file", "refused")


class Bearer(AuthBase):
    """The token, put on by requests last: a stray ~/.netrc cannot replace it. Asked for at every request, so that one
    that was replaced serves at once."""

    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token := self._token() if callable(self._token) else self._token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request


class Basic(AuthBase):
    """A user's name and password, in UTF-8, likewise."""

    def __init__(self, user: str, password: str | Callable[[], str]) -> None:
        self._user, self._password = user, password

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        password = self._password() if callable(self._password) else self._password
        words = base64.b64encode(f"{self._user}:{password}".encode()).decode()
        request.headers["Authorization"] = f"Basic {words}"
        return request


class Body:
    """A piece of a file as a request body of known length (bytes)."""

    def __init__(self, blocks: Iterator[memoryview], length: int) -> None:
        self._blocks, self._length = blocks, length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[memoryview]:
        return self._blocks


class Web:
    """One server. `url` is what the configuration calls it; `headers` go with every request.

    `ca_file`: the certificate to trust instead of those the machine trusts; `fingerprint`: the SHA-256 (hex) of the
    only certificate that is the server's, whatever names it bears; `keyed_by`: the key of sync.toml that names the
    secret.
    """

    def __init__(
        self, url: str, auth: AuthBase | None, headers: Mapping[str, str] | None = None, *, ca_file: str | None = None,
        fingerprint: str | None = None, keyed_by: str = "token_file",
    ) -> None:  # fmt: skip
        self._url, self._keyed_by, self._ca_file = url, keyed_by, ca_file
        _check_certificate(ca_file)
        self._session = _session(fingerprint)
        # Proxies and certificates named by the environment: asked once, not with each of a thousand small requests.
        told = self._session.merge_environment_settings(url, {}, None, ca_file, None)
        self._session.proxies, self._session.trust_env = told["proxies"], False
        self._verify = told["verify"]
        if fingerprint is not None:
            # Neither who vouches for it nor its dates matter: it is the one. No proxy: behind one requests do not pin.
            self._session.proxies, self._verify = {}, False
        self._session.auth = auth
        self._session.headers.update({"Accept-Encoding": "identity"} | dict(headers or {}))

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | bytes | None = None,
        passing: Container[int] = (),
    ) -> Answer:
        """One exchange. Statuses in `passing` are the caller's to judge; other refusals are raised as errors."""
        with self._translated(), self._open(method, url, headers=headers, body=body) as answer:
            _read_within_bounds(answer)
        if not answer.is_redirect and (answer.ok or answer.status_code in passing):
            return answer
        raise self.refusal(answer)

    def close(self) -> None:
        """Let connections go; the next exchange connects anew."""
        self._session.close()

    @contextmanager
    def reading(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Body | bytes | None = None,
    ) -> Iterator[Answer]:
        """An exchange whose answer's body is read in the block; every status is the caller's to judge."""
        with self._translated(), self._open(method, url, headers=headers, body=body) as answer:
            yield answer

    def refusal(self, answer: Answer) -> ExamError:
        """What a refusing status means, as the error to raise."""
        if answer.is_redirect:
            return self._moved(answer)
        status = answer.status_code
        if status in UNAUTHORISED:
            return self._wrong_token(answer)
        if status == _PROXY_LOGIN:
            return _proxy_refused()
        if status in BUSY or status >= _SERVER_ERROR:
            return _as_told(answer) or later(answer)
        return self.misdirected(answer) if status in _MISDIRECTED else _declined(answer)

    def misdirected(self, answer: Answer) -> Fatal:
        """Something else than the configured kind of server answers there."""
        return Fatal(
            f"По адресу {self._url} нет нужного сервера (ответ {answer.status_code}). Проверьте target.url в "
            "sync.toml и не требует ли сеть входа через браузер.",
            f"No server of this kind answers at {self._url} (status {answer.status_code}). Check target.url in "
            "sync.toml, and whether the network wants a log-in by a browser.",
            code="misdirected",
        )

    def _open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | bytes | None = None,
    ) -> Answer:
        return self._session.request(
            method,
            url,
            headers=headers,
            data=body,  # type: ignore[arg-type] # an iterable with a length: sent as it comes, with Content-Length
            timeout=_LIMITS_S,
            allow_redirects=False,  # the token goes to the configured server and nowhere else
            stream=True,
            verify=self._verify,
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            if _OTHER_CERTIFICATE in str(error):
                raise self._stranger() from error
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise self._unreachable(error) from error
            raise Fatal(
                f"Сертификату сервера {self._url} нельзя доверять. Ничего не отправлено; проверьте адрес, часы "
                "компьютера и target.ca_file.",
                f"The certificate of {self._url} cannot be trusted. Nothing was sent; check the address, this "
                "computer's clock and target.ca_file.",
                code="bad_certificate",
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            _check_certificate(self._ca_file)  # it may have been taken away since
            raise self._unreachable(error) from error
        except OSError:
            _check_certificate(self._ca_file)  # requests says so of a file that is not there
            raise

    def _stranger(self) -> Fatal:
        return Fatal(
            f"По адресу {self._url} отвечает не тот сервер, с которым связан этот компьютер. Ничего не отправлено. "
            "Проверьте, не сменился ли адрес Штаба; если сервер там новый, свяжите заново: station-sync pair.",
            f"At {self._url} another server answers than the one this computer was paired with. Nothing was sent. See "
            "whether the headquarters' address has changed; if its server is new, pair again: station-sync pair.",
            code="other_certificate",
        )

    def _unreachable(self, error: Exception) -> Transient:
        return Transient(
            f"Нет связи с сервером {self._url} ({type(error).__name__}); отправка продолжится сама.",
            f"No connection to {self._url} ({type(error).__name__}); sending will go on by itself.",
            code="unreachable",
        )

    def _wrong_token(self, answer: Answer) -> Fatal:
        return Fatal(
            f"Сервер {self._url} не принял ключ доступа ({answer.status_code}). Ничего не потеряно; проверьте файл "
            f"ключа, названный в target.{self._keyed_by}.",
            f"The server {self._url} refused the token ({answer.status_code}). Nothing is lost; check the file named "
            f"by target.{self._keyed_by}.",
            code="wrong_token",
        )

    def _moved(self, answer: Answer) -> Fatal:
        return Fatal(
            f"Сервер {self._url} переехал: {answer.headers['Location']}. Исправьте target.url в sync.toml.",
            f"The server {self._url} has moved to {answer.headers['Location']}. Mend target.url in sync.toml.",
            code="moved",
        )


class _Adapter(HTTPAdapter):
    """Connections whose answers keep coming; with a `fingerprint`, to the one certificate of this SHA-256: checked
    before anything is said."""

    def __init__(self, fingerprint: str | None = None) -> None:
        self._pinned = {} if fingerprint is None else {"assert_fingerprint": fingerprint}
        super().__init__()

    def init_poolmanager(self, *words: Any, **more: Any) -> None:
        super().init_poolmanager(*words, **more, **self._pinned)
        answers.keep_coming(self.poolmanager)

    def proxy_manager_for(self, *words: Any, **more: Any) -> Any:
        found = super().proxy_manager_for(*words, **more)
        if isinstance(found, urllib3.ProxyManager):  # one of SOCKS has connections of its own
            answers.keep_coming(found)
        return found


def _session(fingerprint: str | None = None) -> requests.Session:
    found = requests.Session()
    for scheme in ("http://", "https://"):
        found.mount(scheme, _Adapter(fingerprint))
    return found


def _check_certificate(ca_file: str | None) -> None:
    """Raise ConfigError when a certificate to trust was named and cannot be used."""
    if ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # SSLError is one
        ru, en = ("PEM", "PEM") if isinstance(error, ssl.SSLError) else oswords.both(error)
        raise ConfigError(
            f"target.ca_file: сертификат {ca_file} не читается ({ru}). Записи целы; положите туда сертификат "
            "сервера (PEM) или уберите ключ из настроек.",
            f"target.ca_file: the certificate {ca_file} cannot be read ({en}). Recordings are safe; put the "
            "server's certificate (PEM) there, or take the key out of the configuration.",
            code="bad_ca_file",
        ) from error


def _read_within_bounds(answer: Answer) -> None:
    """Take in the body of an answer, which the far end may make as long as it likes. Raises Transient when it did."""
    body = answer.raw.read(_MOST_BYTES + 1, decode_content=False)
    if len(body) > _MOST_BYTES:
        raise garbled(answer)
    answer._content = body  # noqa: SLF001 - requests itself knows no bound
    answer._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001


def retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def later(answer: Answer) -> Transient:
    ru, en, code = _BUSY_WORDS.get(answer.status_code, _BUSY_UNKNOWN)
    return Transient(
        f"{ru} (ответ {answer.status_code}); отправка продолжится сама.",
        f"{en} (status {answer.status_code}); sending will go on by itself.",
        code=code,
        retry_after=retry_after(answer),
    )


def _as_told(answer: Answer) -> Transient | None:
    """Our exchange says itself what is full, its disk or the school's quota, and who can mend it."""
    code = answer.headers.get("X-Error-Code", "")
    reason = _reason(answer) if (answer.status_code, code) in _TOLD else None
    return Transient(*reason, code=code, retry_after=retry_after(answer)) if reason else None


def _reason(answer: Answer) -> tuple[str, str] | None:
    """Why our exchange refuses, as it says itself: a line in Russian, one in English. None from other servers."""
    if "X-Error-Code" not in answer.headers:
        return None
    is_read = answer._content_consumed  # type: ignore[attr-defined] # noqa: SLF001 - unread, it may be without end
    content = answer.content if is_read else answer.raw.read(_TOLD_BYTES, decode_content=False)
    lines = content[:_TOLD_BYTES].decode(errors="replace").split("\n")
    if len(lines) < _BOTH:
        return None
    ru, en = (wording.line(line.strip()) for line in lines[:_BOTH])
    return ru, en


def garbled(answer: Answer, kind: str = "tus") -> Transient:
    return Transient(
        f"Ответ {answer.status_code} не похож на сервер {kind} (возможно, вход в сеть через браузер); попробуем ещё.",
        f"The answer {answer.status_code} is not a {kind} server's (a network log-in page, perhaps); will try again.",
        code="garbled",
    )


def _proxy_refused() -> Fatal:
    return Fatal(
        "Прокси-сервер школы требует имени и пароля (ответ 407). Ничего не потеряно; узнайте их у того, кто ведёт "
        "сеть, и впишите в HTTPS_PROXY для службы отправки.",
        "The school's proxy wants a name and a password (status 407). Nothing is lost; ask whoever keeps the network "
        "for them and put them into HTTPS_PROXY of the delivery service.",
        code="proxy_login",
    )


def _declined(answer: Answer) -> Rejected:
    ru, en, code = _DECLINED.get(answer.status_code, _UNKNOWN_REFUSAL)
    told = _reason(answer)
    ru_why, en_why = (f": {line.rstrip('.')}" for line in told) if told else ("", "")
    return Rejected(
        f"{ru} (ответ {answer.status_code}){ru_why}. Файл здесь цел; сообщите администратору сервера.",
        f"{en} (status {answer.status_code}){en_why}. The file here is safe; tell the server's administrator.",
        code=code,
    )


def post(url: str, body: bytes) -> bool:
    """Send a JSON document to an address of the school's own; whether it was taken. Raises nothing."""
    try:
        kind = {"Content-Type": "application/json"}
        with (
            _session() as session,
            session.post(url, data=body, headers=kind, timeout=_LIMITS_S, allow_redirects=False, stream=True) as answer,
        ):  # of which nothing is read: it may be without end
            return answer.ok
    except requests.RequestException:
        return False
