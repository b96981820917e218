"""The headquarters' pages: the day, its rooms, scans, what is due when; served to this computer's own browser.

Reads by importing the rest of `sync`, acts by the same functions as the commands; holds no state of its own.
"""
