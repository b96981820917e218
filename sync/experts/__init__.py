"""Experts of scheme 2: who listens to which recordings, in which folder, until when; and recordings for an appeal.

Entered by `sync.cli` through `commands`. `dealing` and `records` decide, `book` remembers, `finding` knows where sound
lies, `carrying` copies it with proof, `player` makes the page that plays it.
"""
