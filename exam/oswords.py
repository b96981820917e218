"""Why the system refused, in the reader's language: `strerror` is English. Used wherever people are told of it."""

import errno
import os

from exam.language import say

_RUSSIAN = {
    errno.EACCES: "нет прав",
    errno.EBUSY: "занято",
    errno.ECONNABORTED: "соединение прервано",
    errno.ECONNREFUSED: "соединение отклонено",
    errno.ECONNRESET: "соединение сброшено",
    errno.EDQUOT: "исчерпана квота",
    errno.EEXIST: "такое имя уже есть",
    errno.EFBIG: "файл слишком велик",
    errno.EHOSTUNREACH: "нет пути до этого адреса",
    errno.EILSEQ: "недопустимое имя",
    errno.EINVAL: "недопустимое действие",
    errno.EIO: "ошибка ввода-вывода",
    errno.EISDIR: "это папка",
    errno.ELOOP: "ссылки по кругу",
    errno.EMFILE: "открыто слишком много файлов",
    errno.ENAMETOOLONG: "имя слишком длинное",
    errno.ENETDOWN: "сеть отключена",
    errno.ENETUNREACH: "сеть недоступна",
    errno.ENFILE: "открыто слишком много файлов",
    errno.ENODEV: "устройство отключено",
    errno.ENOENT: "нет такого файла или папки",
    errno.ENOMEDIUM: "нет носителя",
    errno.ENOMEM: "не хватает памяти",
    errno.ENOSPC: "нет места на диске",
    errno.ENOTCONN: "нет соединения",
    errno.ENOTDIR: "это не папка",
    errno.ENOTEMPTY: "папка не пуста",
    errno.ENXIO: "устройство отключено",
    errno.EOPNOTSUPP: "не поддерживается",
    errno.EPERM: "действие запрещено",
    errno.EPIPE: "соединение закрыто",
    errno.EROFS: "только для чтения",
    errno.ESTALE: "сетевая папка отключена",
    errno.ETIMEDOUT: "нет ответа",
    errno.EXDEV: "другой диск",
}


def ru(error: OSError) -> str:
    """In Russian, or in the words that came with it where nobody translated them."""
    number = error.errno or 0
    # TLS and name resolution number their errors otherwise.
    return _RUSSIAN[number] if number in _RUSSIAN and error.strerror == os.strerror(number) else en(error)


def en(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def both(error: OSError) -> tuple[str, str]:
    """In Russian and in English."""
    return ru(error), en(error)


def shown(error: OSError) -> str:
    """As the reader of this process understands it."""
    return say(*both(error))


def with_place(error: OSError) -> tuple[str, str]:
    """Both, and of which file."""
    place = f" ({error.filename})" if error.filename is not None else ""
    return ru(error) + place, en(error) + place
