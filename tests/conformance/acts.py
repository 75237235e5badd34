"""A random conversation as data: a few people, and what each does, one act after the other.

An act says what somebody does and what is wrong with it, not which id or generation that makes:
this follows from what was answered before. So any part of a conversation is a conversation, and one
that shows a difference can be made smaller by leaving acts out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

NAMES = (("range", "sticky"), ("sticky", "range"), ("range",), ("sticky", "range", "mine"))
METADATA = (b"\0\0" + b"\0" * 8, b"\0\1" + b"\0" * 12, b"")

_DOES = ("next",) * 14 + ("join",) * 4 + ("sync",) * 3 + ("beat",) * 2
_DOES += ("leave",) * 2 + ("commit",) * 3 + ("fetch", "fetch_several", "describe", "list")
_DOES += ("delete_group", "delete_offset", "transact")
_LAPSES = 0.001
"""How often an act is `lapse`, which takes seconds."""
_SLIPS = ("",) * 8 + ("past", "future", "outside", "stranger", "nobody", "former", "other")
_SLIPS += ("instance", "no instance")
VERSIONS = {
    "join": range(10),
    "sync": range(6),
    "beat": range(5),
    "leave": range(6),
    "commit": range(2, 11),
    "fetch": range(1, 11),
    "fetch_several": range(8, 11),
    "describe": range(7),
    "list": range(6),
    "delete_group": range(4),
    "delete_offset": range(1),
    "transact": range(7),
    "lapse": range(4, 10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that one of the people does.

    `does` "next" is what a good client would do next, "transact" a transaction of one offset,
    "lapse" a visitor's that loses the id it is given; `slip` is what is wrong, "" nothing;
    `version` counts from the API's oldest, and goes round; `names` and `metadata` are of a join.
    """

    who: str
    does: str
    slip: str = ""
    version: int = 0
    names: int = 0
    metadata: int = 0
    connect: bool = False
    """The join is of another protocol type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """People, each with its instance id or None, and their acts."""

    people: tuple[tuple[str, str | None], ...]
    acts: tuple[Act, ...]


def drawn(seed: int) -> Conversation:
    """The same for the same seed."""
    chance = random.Random(seed)
    count = chance.randint(2, 5)
    people = tuple((name, chance.choice((None, None, f"i{name}"))) for name in "ABCDE"[:count])
    return Conversation(
        people=people,
        acts=tuple(_act(chance, "ABCDE"[:count]) for _ in range(chance.randint(15, 50))),
    )


def _act(chance: random.Random, people: str) -> Act:
    does = "lapse" if chance.random() < _LAPSES else chance.choice(_DOES)
    return Act(
        who=chance.choice(people),
        does=does,
        slip="" if does == "next" else chance.choice(_SLIPS),
        version=chance.randrange(60),
        names=chance.choice((0, 0, 0, 0, 1, 2, 3)),
        metadata=chance.choice((0, 0, 0, 0, 1, 2)),
        connect=does == "join" and chance.random() < 0.03,
    )
