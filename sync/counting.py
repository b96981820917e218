"""What a receipt that came back on a drive proves is delivered, wherever it stood on its way over the network.

Called by `sync.agent` at each look, and by `sync.drives` where no agent runs.
"""

from sync.ledger import Ledger
from sync.model import ItemState
from sync.receipts import Receipts
from sync.returned import ReturnedFiles
from sync.states import ASIDE, WORKING


def count_returned(ledger: Ledger, receipts: Receipts, returned: ReturnedFiles) -> None:
    """Move them to `delivered`. A file that changed since it was carried stays where it is. Raises OSError, Fatal."""
    rows = ledger.rows()
    for key in returned.keys() & rows.keys():
        row = rows[key]
        if row.state not in WORKING | ASIDE or not receipts.proves(row.sha256, row.size):
            continue
        receipt = receipts.stored(row.sha256)
        row = ledger.move(row, ItemState.HASHED, upload=None, offset=0, reason=None, next_try_at=None)
        row = ledger.move(row, ItemState.UPLOADED, offset=row.size)
        mark = receipts.mark(row.sha256)
        ledger.move(row, ItemState.DELIVERED, receipt=receipt and receipt.receipt_id, receipt_mark=mark)
