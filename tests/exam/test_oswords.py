"""Why the system refused, in Russian."""

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest

from exam import oswords, settings
from exam.errors import ConfigError


def test_a_russian_text_says_in_russian_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        settings.read(tmp_path)
    assert "это папка" in refused.value.ru
    assert os.strerror(errno.EISDIR) not in refused.value.ru
    assert os.strerror(errno.EISDIR) in refused.value.en


@pytest.mark.parametrize(
    ("error", "ru"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "нет места на диске"),
        (OSError(errno.ELIBBAD, os.strerror(errno.ELIBBAD)), os.strerror(errno.ELIBBAD)),
        (ssl.SSLError(errno.EPERM, "[SSL: WRONG_VERSION_NUMBER]"), "[SSL: WRONG_VERSION_NUMBER]"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (TimeoutError("timed out"), "timed out"),
        (OSError(), "OSError"),
    ],
)
def test_what_nobody_translated_stays_as_it_was_told(error: OSError, ru: str) -> None:
    assert oswords.ru(error) == ru
