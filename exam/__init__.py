"""The shared vocabulary: who, where, when, and how things are named.

Knows neither audio devices nor networks. Both `station` and `sync` import it; it imports neither.
"""
