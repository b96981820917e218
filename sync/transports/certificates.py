"""Certificates of far ends: the one to trust, and what is wrong with one that is shown. Used by `web`."""

import ssl

from exam import oswords
from exam.errors import ConfigError, Fatal

_OTHER = "Fingerprints did not match"
_REASONS = (
    ("has expired", "срок его истёк", "it has expired"),
    (
        "not yet valid",
        "срок его ещё не начался: проверьте часы этого компьютера",
        "it is not valid yet: check the clock",
    ),
    ("mismatch", "он выдан на другое имя, чем в адресе", "it was issued for another name than the address has"),
    (
        "self-signed",
        "его никто не заверил: положите его в target.ca_file",
        "it is self-signed: put it into target.ca_file",
    ),
    (
        "local issuer",
        "неизвестно, кто его заверил: укажите target.ca_file",
        "its issuer is unknown: name target.ca_file",
    ),
)
"""By what OpenSSL says."""


def check(ca_file: str | None) -> None:
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


def is_another(told: str) -> bool:
    """Whether the library tells of another certificate than the pinned one."""
    return _OTHER in told


def untrusted(url: str, told: str) -> Fatal:
    """`told`: why, as the library says it."""
    ru, en = next(((ru, en) for sign, ru, en in _REASONS if sign in told), ("", ""))
    return Fatal(
        f"Сертификату сервера {url} нельзя доверять{ru and f' ({ru})'}. Ничего не отправлено; проверьте адрес, часы "
        "компьютера и target.ca_file или обратитесь к администратору сервера.",
        f"The certificate of {url} cannot be trusted{en and f' ({en})'}. Nothing was sent; check the address, this "
        "computer's clock and target.ca_file, or tell the server's administrator.",
        code="bad_certificate",
    )


def stranger(url: str) -> Fatal:
    return Fatal(
        f"По адресу {url} отвечает не тот сервер, с которым связан этот компьютер. Ничего не отправлено. "
        "Проверьте, не сменился ли адрес Штаба; если сервер там новый, свяжите заново: station-sync pair.",
        f"At {url} another server answers than the one this computer was paired with. Nothing was sent. See "
        "whether the headquarters' address has changed; if its server is new, pair again: station-sync pair.",
        code="other_certificate",
    )
