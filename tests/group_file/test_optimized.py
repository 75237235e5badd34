"""What only `optimized` reads: a mistake there is one line with file, line and key as well."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.group_file import GroupFileError, load

from .groups import plain

HEAD = "topics: {a: 4, b: 4}\nmembers:\n  m1:\n    topics: [a]\n"

MEMBERS = [
    ("capacity: {share: 0}", "5: members.m1.capacity.share: a capacity's share is 0: give more"),
    ("capacity: {shar: 1}", "5: members.m1.capacity.shar: capacity has the unknown key 'shar'"),
    ("capacity: 10000000", "5: members.m1.capacity: a capacity's share is 10000000: give 0.0000"),
    (
        "capacity:\n      share: 1\n      max_partitions: 1.5",
        "7: members.m1.capacity.max_partitions: a capacity's max_partitions is 1.5: give a whole",
    ),
    (
        "capacity:\n      max_weight: -1\n      share: 1",
        "6: members.m1.capacity.max_weight: a capacity's max_weight is -1: give 0 or more",
    ),
    (f"labels: {{a: x, zone: {'x' * 300}}}", "5: members.m1.labels.zone: the label 'zone' is 'xx"),
    (
        "labels: {" + ", ".join(f"l{n}: x" for n in range(256)) + "}",
        "5: members.m1.labels: there are 256 labels: give up to 255",
    ),
]

OBJECTIVES = [
    ("movement: 1\n  bogus: -1", "7: objective.bogus: objective has the unknown key 'bogus'"),
    ("movement: 1\n  balance: -1", "7: objective.balance: the objective's balance is -1: give 0"),
    ("rack: .nan", "6: objective.rack: the objective's rack is '.nan': give a number"),
    ("rack: ~", "6: objective.rack: the objective's rack is None: give a number"),
    ("weights: 3", "6: objective.weights: weights are 3: give topic -> number or list"),
    ("weights:\n    a: 1\n    b: heavy", "8: objective.weights.b: the weight of the topic 'b' is"),
    (
        "weights:\n    a: 1\n    b:\n    - 1\n    - -2\n    - 3",
        "10: objective.weights.b[1]: the weight of b-1 is -2: give 0 or more",
    ),
    (
        "weights:\n    lag:\n      base: 1\n      max_age_ms: old",
        "9: objective.weights.lag.max_age_ms: max_age_ms of lags is 'old': give a whole number",
    ),
    (
        "weights:\n    lag:\n      base: 0\n      age: 3",
        "8: objective.weights.lag.base: the base weight of lags is 0: give more than 0",
    ),
]

CONSTRAINTS = [
    ("max_moves: -1", "6: constraints.max_moves: constraints, max_moves is -1: give 0 or more"),
    ("max_moves: 1\n  nonsense: 7", "7: constraints.nonsense: constraints has the unknown key"),
    ("pins: 3", "6: constraints.pins: constraints, pins is 3: give a list"),
    (
        "pins:\n  - what: a\n    must: true",
        "7: constraints.pins[0]: constraints, pins 0 has no who",
    ),
    (
        "pins:\n  - {what: b, who: m1}\n  - {what: a, who: m1}\n  - {what: b, who: m2}",
        "9: constraints.pins[2]: partition 0 of 'b' is pinned twice, to m1 and to m2: pin it once",
    ),
    (
        "pins:\n  - {what: b, who: m1}\n  - what: a\n    who: m1\n    must: 1",
        "10: constraints.pins[1].must: constraints, pins 1, must is 1: give true or false",
    ),
    (
        "pins:\n  - what:\n      topic: b\n      partitions: 3-1\n    who: m1",
        "9: constraints.pins[0].what.partitions: constraints, pins 0, what, partitions has the",
    ),
    (
        "bans:\n  - what: b\n    who:\n      label: {zone: x, size: y}",
        "9: constraints.bans[0].who.label: constraints, bans 0, who, label is {'zone': 'x', 'si",
    ),
    (
        "bans:\n  - what: b\n    who:\n      lable: {zone: x}",
        "9: constraints.bans[0].who.lable: constraints, bans 0, who has the unknown key 'lable'",
    ),
    (
        "bans:\n  - what: {topic: a, partitions: [0, 99999999999]}\n    who: m1",
        "7: constraints.bans[0]: a partition of the topic 'a' in a constraint is 99999999999",
    ),
    (
        "bans:\n  - what: {topic: a}\n    who: m1\n  - what: {topic: a, partitions: 0-9999999}",
        "9: constraints.bans[1].what.partitions: more than 1,000,000 partitions in ranges so far",
    ),
    (
        "capacity:\n  - who: m1\n    max_weight: 1\n  - who: m1\n    share: 0",
        "10: constraints.capacity[1].share: a capacity's share is 0: give more than 0",
    ),
    ("capacity:\n  - share: 2", "7: constraints.capacity[0]: constraints, capacity 0 has no who"),
    (
        "together:\n  - what:\n    - a\n    - 5",
        "9: constraints.together[0].what[1]: constraints, together 0, what 1 is 5: give a mapping",
    ),
    (
        "together:\n  - - a\n    - topic: 5",
        "8: constraints.together[0][1].topic: constraints, together 0, what 1, topic is 5: give",
    ),
    (
        "together:\n  - what: [a, b]\n    cost: -1",
        "8: constraints.together[0].cost: constraints, together 0, cost is -1: give 0 or more",
    ),
    ("apart:\n  - [a, b]\n  - [a]", "8: constraints.apart[1]: apart: a names one thing only: list"),
]

CASES = [
    *((f"    {written}\n", expected) for written, expected in MEMBERS),
    *((f"objective:\n  {written}\n", expected) for written, expected in OBJECTIVES),
    *((f"constraints:\n  {written}\n", expected) for written, expected in CONSTRAINTS),
    (
        "weights: {a: 1}\nobjective:\n  balance: 1\n  weights: {a: 2}\n",
        "8: objective.weights: also at the top: give them once",
    ),
]


@pytest.mark.parametrize("assignor", ["optimized", "range"])
@pytest.mark.parametrize(
    ("written", "expected"), CASES, ids=[each.split(": ")[1] for _, each in CASES]
)
def test_a_mistake_has_its_line_whoever_would_read_it(
    written: str, expected: str, assignor: str
) -> None:
    with pytest.raises(GroupFileError) as caught:
        load(f"{HEAD}{written}assignor: {assignor}\n", "shop.yaml")
    message = str(caught.value)
    assert message.startswith(f"shop.yaml:{expected}")
    assert len(message) < 300
    assert len(message.splitlines()) == 1


def test_many_of_them_are_searched_in_no_time() -> None:
    pins = "".join(f"  - {{what: t{n}, who: m1}}\n" for n in range(3_000))
    with pytest.raises(GroupFileError) as caught:
        load(f"{HEAD}constraints:\n  pins:\n{pins}  - {{what: t2999, who: m2}}\n", "shop.yaml")
    assert str(caught.value).startswith("shop.yaml:3007: constraints.pins[3000]: partition 0 of")


KEYS = st.sampled_from(
    ["who", "what", "topic", "partitions", "label", "rack", "cost", "each", "share", "lag", "base"]
)
SECTIONS = st.sampled_from(
    ["weights", "balance", "max_moves", "capacity", "pins", "bans", "together", "apart"]
)
DATA = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["objective", "constraints"]), st.dictionaries(SECTIONS, DATA, max_size=3))
def test_whatever_stands_there_is_understood_or_refused(section: str, data: object) -> None:
    text = json.dumps({"topics": {}, "members": {}, section: data})
    message = ""
    try:
        assert getattr(load(text, "shop.json"), section) == data
    except GroupFileError as error:
        message = str(error)
    assert message.startswith(f"shop.json:1: {section}") or not message
