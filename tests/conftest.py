"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # how long a test takes says how busy the machine is
settings.load_profile("any machine")
