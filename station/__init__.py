"""The per-room daemon: records, names and publishes; imports only go down (see README)."""
