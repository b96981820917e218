"""Delivery by a person: ready ZIP files with an inventory, and a record of who handed over what, when and how.

For `[target] kind = "manual"`. Entered by `sync.cli` through `commands`. Handed over is never called delivered: nobody
here sees what became of it.
"""
