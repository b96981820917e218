"""The certificate of an exchange that encrypts by itself. Called by `commands`."""

import ssl
import stat
from pathlib import Path

from exam import oswords
from exam.errors import ConfigError


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What connections are encrypted with: `certificate` (PEM, with those it stands on) and its private `key`.

    Raises ConfigError when a file cannot be read, the key is open to other users, or the two do not belong together.
    """
    _check_private(key)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        found.load_cert_chain(certificate, key, password="")  # a key under a password: an error, no question
    except OSError as error:  # SSLError is one
        ru, en = oswords.both(error)
        raise ConfigError(
            f"--tls-cert {certificate}, --tls-key {key}: не годятся ({ru}). Ожидаются сертификат и его ключ в PEM, "
            "ключ без пароля.",
            f"--tls-cert {certificate}, --tls-key {key}: of no use ({en}). Expected a certificate and its key in "
            "PEM, the key without a password.",
            code="bad_tls",
        ) from error
    return found


def _check_private(key: Path) -> None:
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
    except OSError as error:
        raise ConfigError(
            f"--tls-key {key}: файл не читается ({oswords.ru(error)}).",
            f"--tls-key {key}: the file cannot be read ({error.strerror}).",
            code="bad_tls",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"--tls-key {key}: ключ открыт другим пользователям; выполните: chmod 600 {key}",
            f"--tls-key {key}: the key is open to other users; run: chmod 600 {key}",
            code="bad_tls",
        )
