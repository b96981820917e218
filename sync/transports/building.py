"""The transport that the configuration asks for. Each kind's module, and its library, is imported only where used."""

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
            return _shelved(config, _folder(target))
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

    (token,) = targets.secret(config.file, "token_file", target.token_file)
    tier = target.tier or "hub"  # the weaker claim, unless told
    return Uploads(target.url, token, tier=tier, ca_file=target.ca_file)


def _webdav(config: Config, target: WebDav) -> Shelf:
    raise NotImplementedError


def _sftp(config: Config, target: Sftp) -> Shelf:
    raise NotImplementedError


def _s3(config: Config, target: S3) -> Transport:
    from sync.transports.bucket import Bucket
    from sync.transports.s3 import Objects

    access, secret = targets.secret(config.file, "credentials_file", target.credentials_file, words=2)
    bucket = Bucket(target.url, target.bucket, access, secret, region=target.region, ca_file=target.ca_file)
    return Objects(bucket, target.prefix, config.address, config.tier or "hub")


def _folder(target: Folder) -> Shelf:
    from sync.transports.folder import Drive

    return Drive(Path(target.folder))
