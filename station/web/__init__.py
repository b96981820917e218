"""The page's process: a client of the daemon with a web server on loopback. `python -m station.web CONFIG`.

Nothing imports it. It speaks to the daemon through the control socket only and reads recordings, never writes one; it
may hang, be killed or starve without a frame of the recording being late. `station.pages` is the daemon's side.
"""
