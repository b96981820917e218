"""Errors, classed by what is to be done about them: retry, skip this item, or stop and tell a person.

Third-party exceptions are translated into these once, in the adapter that imports the library.
"""

from exam.language import say


class ExamError(Exception):
    """Something a person may have to read: what happened, what is safe, what to do; in two languages.

    `code` is a stable word for programs.
    """

    code = "failed"

    def __init__(self, ru: str, en: str, *, code: str | None = None) -> None:
        super().__init__(ru, en)
        self.ru, self.en = ru, en
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return say(self.ru, self.en)


class Transient(ExamError):
    """May succeed later by itself. `retry_after`: seconds the other side asked us to wait, if it did."""

    code = "transient"

    def __init__(self, ru: str, en: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(ru, en, code=code)
        self.retry_after = retry_after


class Rejected(ExamError):
    """This item or command cannot be done as it stands; everything else goes on."""

    code = "rejected"


class Fatal(ExamError):
    """Nothing further can be done until a person acts."""

    code = "fatal"


class ConfigError(Fatal):
    """A configuration or roster is wrong; the text names the file, the key or line, and what was expected."""

    code = "config"
