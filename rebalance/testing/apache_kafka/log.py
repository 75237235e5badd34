"""Why each rebalance happened, read from the group coordinator's log.

The classic protocol tells no client the reason of a rebalance; only the broker's log knows.
The lines are those of Apache Kafka 4.4.0's ``GroupMetadataManager.prepareRebalance``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_PREPARING = re.compile(
    r"^(?P<time>\S+) INFO GroupMetadataManager .*?"
    r"Preparing to rebalance group (?P<group_id>.*) in state (?P<state>\w+) "
    r"with old generation (?P<generation_id>-?\d+) \(reason: (?P<reason>.*)\)\.$",
    re.MULTILINE,
)
_CLIENT_REASON = "; client reason: "


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRebalance:
    """One line "Preparing to rebalance group ..." of the coordinator's log.

    ``reason`` is the coordinator's own text; ``client_reason`` is what the member gave (KIP-800),
    None if it gave none or the reason is not a member's.
    """

    t_ms: int
    group_id: str
    old_generation_id: int
    reason: str
    client_reason: str | None


def prepared_rebalances(log_text: str, group_id: str | None = None) -> list[PreparedRebalance]:
    """The rebalances of a log in their order, of one group or of all."""
    found = (_record(match) for match in _PREPARING.finditer(log_text))
    return [record for record in found if group_id is None or record.group_id == group_id]


def _record(match: re.Match[str]) -> PreparedRebalance:
    reason, _, client_reason = match["reason"].partition(_CLIENT_REASON)
    return PreparedRebalance(
        t_ms=round(datetime.fromisoformat(match["time"]).timestamp() * 1000),
        group_id=match["group_id"],
        old_generation_id=int(match["generation_id"]),
        reason=reason,
        client_reason=None if client_reason in ("", "not provided") else client_reason,
    )
