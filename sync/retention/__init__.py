"""Deletion of what is proved to be at the centre and past its date: told per file, done by one command, signed for.

Entered by `sync.cli` through `commands`. `looking` finds files, `proofs` what stands for them, `judging` decides,
`deleting` does it, `removing` is the only place that unlinks. Nothing else of ours deletes a recording.
"""
