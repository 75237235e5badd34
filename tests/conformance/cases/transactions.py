"""Offsets in transactions (O07): who may commit them, what is seen meanwhile, what counts after.

Kafka ends a transaction after it has answered EndTxn, so that what comes next may be told to try
again for a while; here it is tried again until it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance.conversation import (
    GROUP,
    TOPIC,
    Case,
    Id,
    Name,
    Producer,
    Say,
    Step,
    TopicId,
    case,
)
from tests.conformance.steps import (
    NO_ID,
    commit,
    delete_groups,
    delete_offsets,
    describe,
    fetch,
    join,
    joined,
    leave,
    offset,
    preparing,
    stable,
)

TRANSACTION = Name("transaction")
OTHER = Name("other")
BUSY = ("CONCURRENT_TRANSACTIONS", "COORDINATOR_LOAD_IN_PROGRESS")
NO_PRODUCER = {"producer_id": -1, "producer_epoch": -1}


def begin(who: str = "P", version: int = 5, *, again: bool = True, **fields: Any) -> Say:
    """InitProducerId."""
    said = {"transactional_id": TRANSACTION, "transaction_timeout": 60_000, **NO_PRODUCER}
    return Say(
        who=who,
        api="init_producer_id",
        version=version,
        fields=said | fields,
        again_after=BUSY if again else (),
    )


def claim(who: str, plus: int = 0) -> dict[str, Any]:
    """Who the producer says it is; `plus`: another epoch."""
    return {
        "transactional_id": TRANSACTION,
        "producer_id": Producer(who, "producer_id"),
        "producer_epoch": Producer(who, "producer_epoch", plus),
    }


def add(who: str = "P", version: int = 3, plus: int = 0, **fields: Any) -> Say:
    """AddOffsetsToTxn."""
    said = claim(who, plus) | {"group_id": GROUP} | fields
    return Say(who=who, api="add_offsets_to_txn", version=version, fields=said, again_after=BUSY)


def txn_commit(
    *partitions: Mapping[str, Any],
    who: str = "P",
    version: int = 3,
    plus: int = 0,
    topic: Name = TOPIC,
    **fields: Any,
) -> Say:
    """TxnOffsetCommit of a topic's partitions (of partition 0 if none is named)."""
    said: dict[str, Any] = claim(who, plus) | {
        "group_id": GROUP,
        "generation_id": -1,
        "member_id": "",
        "group_instance_id": None,
        "topics": [topic_entry(topic, version, list(partitions) or [offset(0, 20)])],
    }
    return Say(
        who=who,
        api="txn_offset_commit",
        version=version,
        fields=said | fields,
        again_after=BUSY,
    )


def topic_entry(topic: Name, version: int, partitions: list[Any]) -> dict[str, Any]:
    """A topic as TxnOffsetCommit names it: by its id from version 6 on."""
    topic_id: Any = None
    if version >= 6:
        topic_id = TopicId(topic.what) if topic == TOPIC else NO_ID
    return {"name": topic, "topic_id": topic_id, "partitions": partitions}


def end(committed: bool, who: str = "P", version: int = 3, plus: int = 0, **fields: Any) -> Say:
    """EndTxn."""
    said = claim(who, plus) | {"committed": committed} | fields
    return Say(who=who, api="end_txn", version=version, fields=said, again_after=BUSY)


STABLE = Say(
    who="reader",
    api="offset_fetch",
    version=9,
    fields=fetch("reader", require_stable=True).fields,
    again_after=("UNSTABLE_OFFSET_COMMIT",),
)
"""What is committed once nothing is open."""

SEEN = [
    fetch("reader", 7),
    fetch("reader", 7, require_stable=True),
    fetch("reader", 9, topics=None),
    fetch("reader", 9, topics=None, require_stable=True),
]
OPEN = [begin(), add(), txn_commit(offset(0, 20), offset(1, 21))]


WRONG: dict[str, dict[str, Any]] = {
    "epoch_before": {"plus": -1},
    "epoch_after": {"plus": 1},
    "other_id": {"producer_id": Producer("P", "producer_id", 1000)},
    "other_name": {"transactional_id": Name("nobody")},
    "no_name": {"transactional_id": ""},
}


def _seen() -> Iterator[Case]:
    for before, steps in {"nothing": [], "one": [commit("A", -1, offset(0, 5))]}.items():
        yield case(f"o07_open_after_{before}", steps, OPEN, SEEN, describe())
        for committed in (True, False):
            ended = [end(committed), STABLE, SEEN, describe()]
            yield case(f"o07_ended_{committed}_after_{before}", steps, OPEN, ended)
    for version in range(1, 11):
        yield case(f"o07_seen_in_v{version}", OPEN, fetch("r", version, require_stable=True))
        some = [commit("A", -1, offset(1, 5)), begin(), add(), txn_commit()]
        if version >= 2:
            everything = fetch("r", version, topics=None, require_stable=True)
            yield case(f"o07_all_seen_in_v{version}", some, everything)
    plain = commit("A", -1, offset(0, 30))
    for committed in (True, False):
        between = [OPEN, plain, SEEN, end(committed), STABLE]
        yield case(f"o07_a_plain_commit_between_{committed}", *between)
        again = [OPEN, plain, txn_commit(offset(0, 40)), end(committed), STABLE]
        yield case(f"o07_and_once_more_{committed}", *again)
    twice = [OPEN, txn_commit(offset(0, 50)), end(True), STABLE]
    yield case("o07_two_commits", *twice)
    next_one = [OPEN, end(True), STABLE, add(), txn_commit(offset(0, 60)), SEEN]
    yield case("o07_the_next_transaction", next_one, end(False), STABLE)
    second = {"transactional_id": Name("second")}
    other = [
        begin("Q", **second),
        add("Q", **second),
        txn_commit(offset(0, 70), who="Q", **second),
    ]
    alone = fetch("reader", topics=((TOPIC, (1,)),), require_stable=True)
    settled = Say(
        who="reader",
        api="offset_fetch",
        version=9,
        fields=alone.fields,
        again_after=("UNSTABLE_OFFSET_COMMIT",),
    )
    for first in "PQ":
        last = "Q" if first == "P" else "P"
        ends = {"P": end(True), "Q": end(True, "Q", **second)}
        unstable = fetch("reader", require_stable=True)
        yield case(
            f"o07_two_producers_{first}_first",
            OPEN,
            other,
            ends[first],
            # What P alone has is seen to be over; of what both have nobody can tell.
            *([settled] if first == "P" else []),
            unstable,
            ends[last],
            STABLE,
        )
    groups = [OPEN, add(group_id=OTHER), txn_commit(offset(0, 80), group_id=OTHER)]
    both = fetch("reader", groups=(GROUP, OTHER), topics=None)
    yield case("o07_two_groups", groups, both, end(True), STABLE, both)


def _who_may() -> Iterator[Case]:
    states: dict[str, list[Step]] = {
        "unknown": [],
        "simple": [commit("X")],
        "pending": [join("A")],
        "empty": [*stable("A"), leave("A")],
        "preparing": preparing("A", "B"),
        "completing": joined("A", "B"),
        "stable": stable("A", "B"),
    }
    people: dict[str, dict[str, Any]] = {
        "nobody": {},
        "member": {"member_id": Id("A"), "generation_id": 2},
        "past": {"member_id": Id("A"), "generation_id": 1},
        "outside": {"member_id": Id("A"), "generation_id": -1},
        "stranger": {"member_id": "x", "generation_id": 2},
        "generation_alone": {"generation_id": 2},
        "instance": {"group_instance_id": "i", "generation_id": 2},
    }
    for state, steps in states.items():
        for who, fields in people.items():
            for version in (3, 5, 6):
                one = txn_commit(version=version, **fields)
                name = f"o07_{state}_{who}_v{version}"
                yield case(name, steps, begin(), add(), one, fetch("r", require_stable=True))


def _partition_by_partition() -> Iterator[Case]:
    for version in range(7):
        yield case(f"o07_commit_v{version}", begin(), add(), txn_commit(version=version), SEEN)
        mixed = txn_commit(
            offset(0, 1, committed_metadata="x" * 4097),
            offset(1, -5, committed_metadata=None, committed_leader_epoch=4),
            offset(7, 1),
            version=version,
        )
        yield case(f"o07_mixed_v{version}", begin(), add(), mixed, end(True), STABLE)
        absent = txn_commit(version=version, topic=OTHER)
        yield case(f"o07_absent_v{version}", begin(), add(), absent, describe())
        nothing = txn_commit(version=version, topics=[topic_entry(TOPIC, version, [])])
        yield case(f"o07_nothing_v{version}", begin(), add(), nothing, describe())
        for name, fields in {
            "epoch_before": {"plus": -1},
            "epoch_after": {"plus": 1},
            "other_id": {"producer_id": Producer("P", "producer_id", 1000)},
            "other_name": {"transactional_id": Name("nobody")},
            "no_name": {"transactional_id": ""},
            "group_without_name": {"group_id": ""},
        }.items():
            said = txn_commit(version=version, **fields)
            yield case(f"o07_{name}_v{version}", begin(), begin(), add(), said)
        not_added = [begin(), txn_commit(version=version), fetch("r", require_stable=True)]
        yield case(f"o07_not_added_v{version}", not_added)
        elsewhere = [begin(), add(group_id=OTHER), txn_commit(version=version)]
        yield case(f"o07_added_elsewhere_v{version}", elsewhere)
        yield case(
            f"o07_not_ended_v{version}", OPEN, end(True), STABLE, txn_commit(version=version)
        )


def _producers() -> Iterator[Case]:
    for version in range(6):
        yield case(f"o07_begin_v{version}", begin(version=version), begin(version=version))
        for name, fields in {
            "no_name": {"transactional_id": ""},
            "no_time": {"transaction_timeout": 0},
            "negative_time": {"transaction_timeout": -1},
            "much_time": {"transaction_timeout": 900_001},
            "most_time": {"transaction_timeout": 900_000},
        }.items():
            yield case(f"o07_begin_{name}_v{version}", begin(version=version, **fields))
        if version >= 3:
            for name, fields in {
                "as_itself": claim("P"),
                "as_before": claim("P", -1),
                "as_next": claim("P", 1),
                "as_another": claim("P") | {"producer_id": Producer("P", "producer_id", 1000)},
                "half": {"producer_epoch": 3},
            }.items():
                said = begin("Q", version, **fields)
                yield case(f"o07_begin_{name}_v{version}", begin(), begin(), said)
                yield case(f"o07_begin_anew_{name}_v{version}", begin(), said, said)
        opened = [begin(), add(), begin(version=version, again=False), begin(version=version)]
        yield case(f"o07_begin_while_open_v{version}", opened, STABLE)


def _claiming() -> Iterator[Case]:
    """Who asks for its next epoch by the one it had, after a bump of which it may not know."""
    claimed = begin("Q", **claim("P"))
    later = begin("Q", **claim("P", 1))
    for committed in (True, False):
        for version in range(6):
            ended = [OPEN, end(committed, version=version), STABLE]
            name = f"o07_claim_after_end_{committed}_v{version}"
            yield case(name, ended, claimed, claimed, later, claimed)
        ended = [OPEN, end(committed, version=5), STABLE]
        yield case(f"o07_claim_next_after_end_{committed}", ended, later, later, claimed)
        stranger = [begin("R"), claimed, later]
        yield case(f"o07_claim_after_end_{committed}_and_a_stranger", ended, stranger)
    yield case("o07_claim_while_open", OPEN, claimed, STABLE, claimed, add("Q"), later)
    unknown = begin("Q", producer_id=999_999, producer_epoch=3)
    yield case("o07_claim_of_a_name_unknown", unknown, add("Q"), begin("R", **claim("Q")), unknown)


def _adding() -> Iterator[Case]:
    for version in range(5):
        yield case(f"o07_add_v{version}", begin(), add(version=version), add(version=version))
        yield case(f"o07_add_without_group_v{version}", begin(), add(version=version, group_id=""))
        for name, fields in WRONG.items():
            yield case(
                f"o07_add_{name}_v{version}", begin(), begin(), add(version=version, **fields)
            )


def _ending() -> Iterator[Case]:
    for version in range(6):
        for name, fields in WRONG.items():
            for committed in (True, False):
                said = end(committed, version=version, **fields)
                yield case(f"o07_end_{name}_{committed}_v{version}", begin(), OPEN, said)
        for committed in (True, False):
            say = end(committed, version=version)
            yield case(f"o07_end_{committed}_of_nothing_v{version}", begin(), say, say)
            for second in (True, False):
                more = end(second, version=version)
                name = f"o07_end_{committed}_then_{second}_v{version}"
                yield case(name, OPEN, say, STABLE, more)
        bumped = [OPEN, end(True, version=version), STABLE, begin()]
        yield case(f"o07_begin_after_end_v{version}", bumped)
    fifth = [begin(), txn_commit(version=5), end(True, version=5), STABLE]
    yield case(
        "o07_next_epoch",
        fifth,
        txn_commit(offset(0, 90), version=5, plus=1),
        end(True, version=5, plus=1),
        STABLE,
    )
    yield case("o07_old_epoch_after_end", fifth, txn_commit(version=5))
    yield case("o07_fenced", OPEN, begin("Q"), txn_commit(), end(True), STABLE)


def _deleting() -> Iterator[Case]:
    for committed in (True, False):
        ended = [end(committed), STABLE, describe()]
        yield case(
            f"o07_delete_offsets_while_open_{committed}",
            OPEN,
            delete_offsets(0),
            fetch("r", require_stable=True),
            ended,
        )
        yield case(
            f"o07_delete_group_while_open_{committed}",
            OPEN,
            delete_groups(),
            describe(),
            fetch("r", require_stable=True),
            ended,
        )


CASES = (
    *_seen(),
    *_who_may(),
    *_partition_by_partition(),
    *_producers(),
    *_claiming(),
    *_adding(),
    *_ending(),
    *_deleting(),
)
