"""Microphone -> Blocks. PortAudio lives in a child process, because it hangs and crashes and must be killable.

`child` is that process and the only place that imports sounddevice; `wire` is what it says to its parent;
`microphone` is the parent's side.
"""
