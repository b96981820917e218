"""A room's day carried to a drive: chosen, copied with proof, listed. Nothing is overwritten, nothing deleted.

`choosing` says what goes, `drive` is where, `copy` proves one file, `carrying` does it all, `inventory` lists what is
there then, `command` is `station export`.
"""
