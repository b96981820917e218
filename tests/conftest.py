"""What holds for all tests."""

from hypothesis import settings

# No deadline: how long a test takes says how busy the machine is. The same examples on every run: a fault found by
# chance belongs to whoever searches for it (`scripts/test --all`), not to whoever changed something else.
settings.register_profile("any machine", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("search", deadline=None)
settings.load_profile("any machine")
