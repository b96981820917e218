"""Benchmarks, each a ratio against a reference run side by side in the same call."""
