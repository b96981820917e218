"""The transport that the configuration asks for. Each kind's module, and its library, is imported only where used."""

from collections.abc import Callable
from pathlib import Path

from exam.errors import ConfigError
from sync import targets
from sync.config import Config
from sync.targets import S3, Folder, Manual, Sftp, Tus, WebDav
from sync.transports import Transport
from sync.transports.shelf import Shelf, Shelved

# ruff: noqa: PLC0415 - see above


def build(config: Config) -> Transport:
    """Raises ConfigError for a secret that cannot be read, or a kind that takes no files by itself."""
    match config.target:
        case Tus() as target:
            return _tus(config, target)
        case WebDav() as target:
            return _shelved(config, _webdav(config, target))
        case Sftp() as target:
            return _shelved(config, _sftp(config, target))
        case S3() as target:
            return _s3(config, target)
        case Folder() as target:
            return _shelved(config, _folder(config, target))
        case Manual():
            raise ConfigError(
                f"{config.file}: target.kind: передаётся вручную, отправлять некому",
                f"{config.file}: target.kind: handed over by a person, there is nothing to send to",
            )


def _shelved(config: Config, shelf: Shelf) -> Transport:
    tier = config.tier or ("folder" if isinstance(config.target, Folder) else "hub")
    return Shelved(shelf, config.address, tier)


def _tus(config: Config, target: Tus) -> Transport:
    from sync.transports.tus import Tus as Uploads

    token = _secret(config, "token_file", target.token_file)
    tier = target.tier or "hub"  # the weaker claim, unless told
    return Uploads(target.url, token, tier=tier, ca_file=target.ca_file, fingerprint=target.fingerprint)


def _webdav(config: Config, target: WebDav) -> Shelf:
    from sync.transports import web
    from sync.transports.webdav import WebDav as Server

    if not target.user:
        token = _secret(config, "token_file", target.token_file)
        return Server(target.url, web.Bearer(token), ca_file=target.ca_file)

    def password() -> str:
        return targets.password(config.file, "password_file", target.password_file)

    password()
    return Server(target.url, web.Basic(target.user, password), keyed_by="password_file", ca_file=target.ca_file)


def _sftp(config: Config, target: Sftp) -> Shelf:
    from sync.transports.sftp import Sftp as Folders
    from sync.transports.ssh import Login, host_key, private_key

    if target.key_file is None and target.password_file is None:
        raise ConfigError(
            f"{config.file}: target.key_file: ожидается закрытый ключ SSH, или пароль в target.password_file",
            f"{config.file}: target.key_file: expected a private SSH key, or a password in target.password_file",
        )

    def login() -> Login:
        password = targets.password(config.file, "password_file", target.password_file)
        return Login(
            target.user,
            key=private_key(config.file, target.key_file) if target.key_file else None,
            password=password or None,
            host_key=host_key(config.file, target.host_key) if target.host_key else None,
            known_hosts=config.state / "known_hosts",
        )

    return Folders(target.url, login)


def _s3(config: Config, target: S3) -> Transport:
    from sync.transports.bucket import Bucket
    from sync.transports.s3 import Objects

    def keys() -> list[str]:
        return targets.secret(config.file, "credentials_file", target.credentials_file, words=2)

    access, secret = keys()
    bucket = Bucket(
        target.url, target.bucket, access, secret, region=target.region, ca_file=target.ca_file, renewed=keys
    )
    return Objects(bucket, target.prefix, config.address, config.tier or "hub")


def _folder(config: Config, target: Folder) -> Shelf:
    from sync.transports.folder import Drive

    return Drive(Path(target.folder), config.state / "mounted-at")


def _secret(config: Config, key: str, file: str | None) -> Callable[[], str]:
    """Read whenever it is used: whoever replaces it need restart nothing. Raises ConfigError, at once and then."""

    def read() -> str:
        return targets.secret(config.file, key, file)[0]

    read()
    return read
