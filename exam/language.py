"""Which language people are spoken to in: Russian by default, English by choice.

Every message for a person is written once, in both languages, at the place that knows what happened.
"""

import os

VARIABLE = "EXAM_LANGUAGE"


def russian() -> bool:
    """Whether messages are to be in Russian: unless `EXAM_LANGUAGE=en` is set for the process."""
    return os.environ.get(VARIABLE, "ru") != "en"


def say(ru: str, en: str) -> str:
    """The one of two texts that the reader of this process understands."""
    return ru if russian() else en
