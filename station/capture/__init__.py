"""Microphone -> Blocks. PortAudio lives in a child process, because it hangs and crashes and must be killable.

`child` is that process; `portaudio`, `pulse` and `identity` know PortAudio, the sound server and the cards for it;
`outlet` and `wire` are how it speaks to its parent; `microphone` is the parent's side.
"""
