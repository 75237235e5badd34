"""Which protocol a generation uses (G07).

Rule kept: candidates are the names that all members support; each member votes for the first of
its own list that is one; most votes win; a tie goes to the name that Java's HashMap, in which
Kafka counts the votes, would hand out first.
Source: ClassicGroup.selectProtocol, java.util.HashMap.
"""

from collections import Counter

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.java_hash import java_hash
from rebalance.protocol.requests import protocol_names

_SMALLEST_TABLE = 16


def select_protocol(group: ClassicGroup) -> str:
    """The protocol of the next generation; the group has members, which share a name (G08)."""
    everybody = len(group.members)
    votes: Counter[str] = Counter()
    for member in group.members.values():
        names = protocol_names(member.protocols)
        votes[next(name for name in names if group.supported[name] == everybody)] += 1
    table = _SMALLEST_TABLE
    while len(votes) > table * 3 // 4:
        table *= 2
    most = max(votes.values())
    tied = [name for name, count in votes.items() if count == most]
    return min(tied, key=lambda name: _bucket(name, table))


def _bucket(name: str, table: int) -> int:
    code = java_hash(name) & 0xFFFFFFFF
    return (code ^ (code >> 16)) & (table - 1)
