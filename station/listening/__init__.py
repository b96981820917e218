"""The listening child and what it says: live alarms, and the verdict on a take as soon as it has ended.

It hears the day beside the recorder and never in its way: twice a second it is told how things stand, and reads the
sound from the tapes themselves, as far as it counts. `station.listener` is the daemon's side.
"""
