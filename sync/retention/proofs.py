"""What proves that a content is safe elsewhere: a signed receipt of the centre, or a record of handing over.

A hub's receipt, an unsigned one, a changed one, one that says other bytes: none of them suffices.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync.config import Config
from sync.handing.giving import Handovers
from sync.model import Receipt
from sync.plan import Reason
from sync.receipts import Receipts
from sync.retention.judging import Content, Proof

_NONE = Reason("нет квитанции РЦОИ", "no receipt of the centre")
_TORN = Reason(
    "нет квитанции РЦОИ, а записи о передаче читаются не все: station-sync handovers",
    "no receipt of the centre, and not every record of handing over can be read: station-sync handovers",
)
_UNSIGNED = Reason(
    "квитанция РЦОИ не подписана сервером: нужна подписанная или запись о передаче",
    "the centre's receipt bears no server's signature: it takes a signed one, or a record of handing over",
)
_ELSEWHERE = {
    "hub": Reason("принято в Штабе, но не в РЦОИ", "received by the headquarters, not by the centre"),
    "folder": Reason("лежит в папке или на накопителе, но не в РЦОИ", "in a folder or drive, not at the centre"),
}


class Proofs:
    """The proofs in a state folder. Receipts are read anew each time they are asked for; hand-overs once."""

    def __init__(self, config: Config) -> None:
        self._receipts = Receipts(config.state, configured_key=config.server_key, tier="centre")
        handovers = Handovers(config.state)
        self._is_certain = not handovers.torn()  # what is torn may be the record that one was a mistake
        self._given = {
            sha256: Proof(sha256, "handed_over", str(record.number), f"{record.by} → {record.to}")
            for record in handovers.holding()
            for parcel in record.zips
            for _, sha256 in parcel.files
        }

    def of(self, content: Content) -> Proof | Reason:
        """The proof of a content, or why there is none. Raises Fatal when the server's key cannot be read."""
        receipt = self._receipts.stored(content.sha256)
        lack = self._lack(receipt, content) if receipt is not None else _NONE
        if receipt is not None and lack is None:
            return Proof(content.sha256, "receipt", receipt.receipt_id, receipt.server)
        given = self._given.get(content.sha256)
        if given is not None:
            return given if self._is_certain else _TORN
        return lack or _NONE

    def _lack(self, receipt: Receipt, content: Content) -> Reason | None:
        if receipt.tier != "centre":
            return _ELSEWHERE[receipt.tier]
        key = self._receipts.key
        if receipt.signature is None or key is None:
            return _UNSIGNED
        if found := self._receipts.breach(receipt, content.sha256, content.size):
            return Reason(*found)
        return None if receipt.is_signed_by(Ed25519PublicKey.from_public_bytes(key)) else _UNSIGNED
