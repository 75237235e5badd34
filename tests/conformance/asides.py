"""What people do beside the group's own requests, and which no coordinator in memory has to follow.

A look changes nothing; offsets that are deleted, or committed in a transaction, change what a look
shows. Both brokers must show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance import steps
from tests.conformance.cases.admin import list_groups
from tests.conformance.cases.transactions import add, begin, end, txn_commit
from tests.conformance.conversation import GROUP, Name, Say, TopicId
from tests.conformance.side import BARRIER

TOPIC_ID = TopicId(BARRIER)
_FIRST_TO_NAME_MEMBERS = 3


def _fetch(who: str, version: int) -> Say:
    return steps.fetch(who, version, topics=_asked(version))


def _fetch_several(who: str, version: int) -> Say:
    groups = (GROUP, Name("absent"), GROUP)
    return steps.fetch(who, version, topics=_asked(version), groups=groups)


def _asked(version: int) -> list[tuple[Any, tuple[int, ...]]]:
    return [(TOPIC_ID if version >= 10 else BARRIER, (0,))]


LOOKS: Mapping[str, Callable[[str, int], Say]] = {
    "fetch": _fetch,
    "fetch_several": _fetch_several,
    "describe": steps.describe,
    "list": lambda _, version: list_groups(version, (), ()),
    "delete_offset": lambda *_: steps.delete_offsets(0, topic=BARRIER),
}
"""By what an act does: somebody, in some version."""


def transaction(version: int, offset: int, member: Mapping[str, Any]) -> list[Say]:
    """One offset in a transaction that is committed or not; `member` says who commits it."""
    topic: dict[str, Any] = {"name": BARRIER, "topic_id": TOPIC_ID}
    topics = [topic | {"partitions": [steps.offset(0, offset)]}]
    names = dict(member) if version >= _FIRST_TO_NAME_MEMBERS else {}
    seen = steps.fetch("reader", topics=_asked(9), require_stable=True)
    return [
        begin(version=4),
        add(),
        txn_commit(version=version, topics=topics, **names),
        end(offset % 2 == 0),
        Say(
            who=seen.who,
            api=seen.api,
            version=seen.version,
            fields=seen.fields,
            again_after=("UNSTABLE_OFFSET_COMMIT",),
        ),
    ]
