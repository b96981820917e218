"""The room sheet («ведомость учёта проведения итогового собеседования в аудитории»): from the journal onto paper.

`rows` says what stands in it, `pdf` and `xlsx` how it looks, `command` is `station room-sheet`. No official form of it
is known to us, and it does not pass for one.
"""
