"""Is the room ready? A light for each thing that must be, with what to do about it.

`facts` is what was seen, `lights` (pure) decides what it means, `looking` looks, `command` is `station ready`.
"""
