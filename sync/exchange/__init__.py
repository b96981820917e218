"""The embedded file exchange: a tus 1.0 server that stores what schools send and signs for what it stored.

The floors, downwards: `commands` (the command line); `serve` (process, signals), `tls`, `packages` (the list for
people); `app` (composition, routes); `files`, `receipts` (endpoints); `access`, `intake` (who asks, bytes to disk),
`verifier` (re-hash, place, sign), `space`, `expiry` (who is let in, what is let go); `incoming`, `accounts`, `register`
(what is there, what is known) over `database`; `connections`, `identity`, `holds`, `yard`, `pools`; pure: `protocol`,
`naming`, `refusal`. Outside callers use `commands`, `serve.serve`, `accounts.add_school`, `packages.packages` only.

A name taken by other content is never a reason to refuse a recording and never overwritten: the newcomer is
stored beside it as `NAME~DIGEST.EXT`, has its own receipt, and a person decides (see `naming.candidates`).
"""
