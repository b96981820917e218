"""Is every voice audible? Sound becomes a compact track of features, a track becomes a verdict with reasons.

Everything here but `detector` and `picture` is pure: no files, no clocks. Definitions, thresholds and the figures
behind them: docs/audibility.md.
"""
