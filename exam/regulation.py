"""What the procedure says of one interview: its tasks and outcomes.

Sources: S2 5.2, 7.8-7.10, 8.7; the interlocutor's instruction.
"""

from enum import StrEnum

from exam.language import say

ALL_TASKS = (1, 2, 3, 4)
"""Reading aloud, retelling, monologue, dialogue."""


class Outcome(StrEnum):
    """Why a participant has no ordinary accepted recording; none of them is a judgement of the answer."""

    ABSENT = "absent"
    EARLY_END = "early_end"  # 7.9: a valid reason, act of appendix 10
    REMOVED = "removed"  # 7.10: act of appendix 13
    WRITTEN = "written"  # 8.7: written form, no audio expected
    EXTRA_DATE = "extra_date"  # 7.8: comes again on an extra date


def outcome_words(outcome: Outcome) -> str:
    """The outcome as it stands on paper."""
    return {
        Outcome.ABSENT: say("неявка", "absent"),
        Outcome.EARLY_END: say("завершил досрочно", "ended early"),
        Outcome.REMOVED: say("удалён", "removed"),
        Outcome.WRITTEN: say("письменная форма", "in writing"),
        Outcome.EXTRA_DATE: say("дополнительная дата", "extra date"),
    }[outcome]


PREPARATION_S = {1: 120.0, 2: 120.0, 3: 60.0, 4: 0.0}
"""How long a participant may be silent before the answer to a task, by the interlocutor's instruction."""
ANSWER_S = {1: 120.0, 2: 180.0, 3: 180.0, 4: 180.0}
"""How long an answer may take, approximately (5.2); nothing is cut off."""
TALK_S = 960.0
"""Preparation and answers of all tasks."""
EXTRA_S = 1800.0
"""ОВЗ, disabled: so much more, spread freely over preparation and answers (5.2)."""
