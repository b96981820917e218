"""What `scripts/run` shows: a room opened for work, or a whole exam day played unattended."""
