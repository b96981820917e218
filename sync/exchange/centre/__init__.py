"""The centre's view of its exchange: who sent what, participant by participant, for people who sign in.

The floors, downwards: `commands` (the command line); `site` (routes, composition); `pages`, `entering` (what is asked
and answered) over `views` (how it looks); `gate` (who may look); `overview` (all schools, kept ready), `checking`
(re-hash), `exporting`, `tables` (CSV, ZIP); `collecting` (one school's day from stored bytes) over the pure `matching`
and `versions`; `knowledge` (what files say, kept by their SHA-256) over `reading`; `shelves`, `operators`, `sessions`,
`audit`, `markup`, `words`. Outside callers use `site`, `commands`, `collecting`.

What the centre says of a file it says from the bytes it holds. A school may send anything: whatever it sent is bounded,
and what cannot be used is named and passed over.
"""
