"""The agent (at a room, at the headquarters, or both) and the embedded file exchange.

Sees a recording only once its manifest exists; never writes under `recordings`; never imports `station`.
"""
