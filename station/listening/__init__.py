"""The listening child and what it says: live alarms, and the verdict on a take as soon as it has ended.

It hears the day beside the recorder and never in its way: scenes come twice a second, sound is read from the tapes, as
far as it counts. `station.listener` is the daemon's side.
"""
