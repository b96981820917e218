"""Real parts for tests, demonstration and benchmarks: a sound server, a marker signal, human speech.

Not part of the product and never installed; pytest finds it through `pythonpath = ["scripts"]`.
"""
