"""Test recordings for the tests of them: their first name, how many blocks they take, what may be found in them."""

from days import BLOCK, RATE

from station import script
from station.audibility.findings import Metric, Verdict

PROBA = "11.02.2026_265_701020_проба_01"
FULL_BLOCKS = round(script.length_s(script.FULL) * RATE) // BLOCK
QUICK_BLOCKS = round(script.length_s(script.QUICK) * RATE) // BLOCK
FAILED = Verdict(basis="rehearsal", grade="fail", seconds=55.0, speech_s=20.0, metrics=())
GOOD = Verdict(
    basis="rehearsal",
    grade="pass",
    seconds=55.0,
    speech_s=20.0,
    metrics=(
        Metric(name="noise", grade="pass", value=-61.0, channel=1),
        Metric(name="noise", grade="pass", value=-64.0, channel=0),
    ),
)
