"""Objective and constraints as data: what is read, what is refused and in which words."""

from __future__ import annotations

import copy
import json
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata
from assignors.optimized import (
    Capacity,
    Constraints,
    InvalidObjectiveError,
    Lags,
    LiveLags,
    Objective,
    OptimizedAssignor,
    Pin,
    Weights,
)
from assignors.optimized.weights import MAX_TOTAL, scaled

from .oracle import Case, cases, few

EVERYTHING: dict[str, Any] = {
    "max_moves": 5,
    "capacity": [
        {"who": "m1", "share": 2, "max_partitions": 10},
        {"who": {"label": {"size": "large"}}, "max_weight": 7.5},
    ],
    "pins": [{"what": {"topic": "a", "partitions": [0, 1, 2, 5]}, "who": "m1", "must": True}],
    "bans": [{"what": "b", "who": {"rack": "r1"}}],
    "together": [{"what": ["a", "c"], "by_number": True}, {"what": ["d", "e"], "cost": 2}],
    "apart": [{"what": ["a", "b"], "label": "zone"}, {"what": ["f"], "each": True, "cost": 0.5}],
}


def test_constraints_read_back_what_they_write() -> None:
    constraints = Constraints.from_data(EVERYTHING)

    assert constraints.to_data() == EVERYTHING
    assert Constraints.from_data(json.loads(json.dumps(constraints.to_data()))) == constraints
    assert pickle.loads(pickle.dumps(constraints)) == copy.deepcopy(constraints) == constraints
    assert Constraints.from_data(Constraints().to_data()) == Constraints()
    assert constraints
    assert not Constraints()


@few
@given(cases())
def test_any_constraints_and_objective_do(case: Case) -> None:
    for each in (case.constraints, case.objective):
        read = type(each).from_data(json.loads(json.dumps(each.to_data())))
        assert read == each
        assert read.fingerprint == each.fingerprint
        assert hash(read) == hash(each)


def test_they_print_one_line_each() -> None:
    assert Constraints.from_data(EVERYTHING).describe().splitlines() == [
        "max_moves 5",
        "capacity of m1: share 2, at most 10 partitions",
        "capacity of size=large: at most weight 7.5",
        "pin a[0,1,2,5] to m1 (must)",
        "ban b from rack r1",
        "together by number: a, c",
        "together: d, e (cost 2)",
        "apart by zone: a, b",
        "apart each: f (cost 0.5)",
    ]
    assert str(Constraints()) == "none"
    assert Objective(weights={"a": 3}, rack=2).describe().splitlines() == [
        "weights: as listed for a (else 1)",
        "1 x the sum of load^2 / share of capacity",
        "0.01 x partitions taken from their owner",
        "2 x partitions without a replica in their member's rack",
    ]


def test_fingerprints_are_the_same_in_every_process_and_differ_with_the_data() -> None:
    assert Constraints.from_data(EVERYTHING).fingerprint == "b78394af6dae4c2d"
    assert Objective().fingerprint == "68674ca22714aeef"
    seen = {
        Objective(**each).fingerprint
        for each in ({}, {"rack": 1}, {"weights": {"a": 1}}, {"weights": {"a": [1]}})
    }
    assert len(seen) == 4


def test_ranges_of_partitions_are_read() -> None:
    pins = [{"what": {"topic": "a", "partitions": ["0-2", 5]}, "who": "m1"}]
    assert Constraints.from_data({"pins": pins}).pins[0].what.partitions == (0, 1, 2, 5)
    pins = [{"what": {"topic": "a", "partitions": "3, 0-1"}, "who": "m1"}]
    assert Constraints.from_data({"pins": pins}).pins[0].what.partitions == (0, 1, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_move": 3}, "unknown key 'max_move': known are max_moves, capacity, pins"),
        ({"max_moves": -1}, "max_moves is -1: give 0 or more"),
        ({"max_moves": 1.5}, "max_moves is 1.5: give a whole number"),
        ({"capacity": {"m1": 2}}, "give a list"),
        ({"capacity": [{"share": 2}]}, "capacity 0 has no who"),
        ({"capacity": [{"who": "m1", "share": 0}]}, "max_partitions: 0 is for a member that gets"),
        ({"capacity": [{"who": "m1", "max_weight": math.nan}]}, "max_weight is nan"),
        ({"capacity": [{"who": "m1", "max_partitions": -2}]}, "max_partitions is -2"),
        ({"pins": [{"what": "a"}]}, "pins 0 has no who"),
        ({"pins": [{"what": "", "who": "m1"}]}, "pins 0, what is '': give a name"),
        ({"pins": [{"what": {"partitions": [1]}, "who": "m1"}]}, "names no topic"),
        ({"pins": [{"what": {"topic": "a", "partitions": []}, "who": "m1"}]}, "no partition"),
        ({"pins": [{"what": {"topic": "a", "partitions": "5-1"}, "who": "m1"}]}, "'5-1'"),
        ({"pins": [{"what": {"topic": "a", "partitions": ["x"]}, "who": "m1"}]}, "has 'x'"),
        ({"pins": [{"what": {"topic": "a", "partitions": [2**31]}, "who": "m1"}]}, "the last is"),
        ({"bans": [{"what": "a", "who": {}}]}, "selected by 0 of member, label and rack"),
        ({"bans": [{"what": "a", "who": {"label": {"a": "b", "c": "d"}}}]}, "give one key"),
        ({"bans": [{"what": "a", "who": "m", "must": True}]}, "unknown key 'must'"),
        (
            {
                "pins": [
                    {"what": {"topic": "a", "partitions": [1, 2]}, "who": "m1"},
                    {"what": {"topic": "a", "partitions": [2]}, "who": "m2"},
                ]
            },
            "partition 2 of 'a' is pinned twice, to m1 and to m2",
        ),
        ({"together": [[]]}, "'together' names nothing"),
        ({"together": [{"what": ["a"], "by_number": True}]}, "two or more whole topics"),
        ({"together": [["a", "a"]]}, "a-0 twice"),
        ({"together": [{"what": ["a", "b"], "cost": -1}]}, "cost is -1"),
        ({"apart": [["a"]]}, "names one thing only"),
        ({"apart": [{"what": ["a", "b"], "label": 3}]}, "label is 3"),
        ("no mapping", "constraints is 'no mapping'"),
    ],
)
def test_constraints_without_sense_are_one_line(given: Any, words: str) -> None:
    with pytest.raises(InvalidObjectiveError) as caught:
        Constraints.from_data(given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"weight": {}}, "unknown key 'weight'"),
        ({"weights": {"a": -1}}, "the weight of the topic 'a' is -1: give 0 or more"),
        ({"weights": {"a": [1, math.nan]}}, "the weight of a-1 is nan"),
        ({"weights": {"a": [1, None]}}, "the weight of a-1 is None: give a number"),
        ({"weights": {"a": math.inf}}, "'a' is inf"),
        ({"weights": {"a": "heavy"}}, "'a' is 'heavy'"),
        ({"weights": {"": 1}}, "a topic in weights is ''"),
        ({"weights": 3}, "weights are 3"),
        ({"default_weight": -1}, "default_weight is -1"),
        ({"rack": True}, "rack is True"),
        ({"balance": "much"}, "balance is 'much'"),
        ({"movement": -0.5}, "movement is -0.5"),
        ({"weights": {"lag": {"max_age": 3}}}, "unknown key 'max_age'"),
    ],
)
def test_an_objective_without_sense_is_one_line(given: Any, words: str) -> None:
    with pytest.raises(InvalidObjectiveError) as caught:
        Objective.from_data(given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def weigh(weights: Any, counts: dict[str, int], default: float = 1) -> tuple[Any, Any]:
    index = FlatIndex(ClusterMetadata(counts), counts)
    return Objective(weights=weights).weights.of(index, default)


def test_weights_come_from_data_or_a_function() -> None:
    assert weigh({"a": 2, "b": [5, 6]}, {"a": 2, "b": 2, "c": 1}, 3)[0] == [2, 2, 5, 6, 3]
    given, notes = weigh({"b": [5], "z": 1}, {"b": 3})
    assert given == [5, 1, 1]
    assert "list 1 of the 3 partitions of 'b': the others weigh 1" in notes[0]
    assert "'z', which has no partitions" in notes[1]
    assert weigh(lambda topic, partition: partition + 0.5, {"a": 3})[0] == [0.5, 1.5, 2.5]
    assert weigh({"a": np.array([1, 2])}, {"a": 2})[0] == [1, 2]


@pytest.mark.parametrize("answer", [-1, math.nan, math.inf, None, "x"])
def test_a_function_that_weighs_nonsense_is_named(answer: Any) -> None:
    with pytest.raises(InvalidObjectiveError, match="the weight of a-0 is"):
        weigh(lambda *_: answer, {"a": 1})


def test_a_function_that_raises_is_named() -> None:
    with pytest.raises(InvalidObjectiveError, match=r"raised KeyError\('a'\) for a-0"):
        weigh(lambda topic, partition: {}[topic], {"a": 1})


def lags(**given: Any) -> Lags:
    by_topic = {"a": [10, 20, None], "b": [60]}
    return Lags(**{"by_topic": by_topic, "as_of_ms": 1_000, "now_ms": 5_000, **given})


def test_lag_weighs_and_what_is_not_known_weighs_the_median() -> None:
    given, notes = weigh(lags(), {"a": 3, "b": 2, "c": 1})

    assert given == [11, 21, 21, 61, 21, 21]
    assert [note.split(" is ")[0] for note in notes] == [f"some lag of '{t}'" for t in "abc"]


def test_stale_lag_weighs_the_median() -> None:
    stale_a = lags(as_of_ms={"a": 0, "b": 4_500}, max_age_ms=1_000)
    given, notes = weigh(stale_a, {"a": 2, "b": 1})

    assert given == [61, 61, 61]
    assert "the lag of 'a' is 5000 ms old, more than 1000 ms" in notes[0]
    assert weigh(lags(max_age_ms=1), {"a": 2, "b": 1})[0] == [1, 1, 1], "all stale, all alike"
    assert weigh(lags(as_of_ms={}), {"a": 1})[0] == [1], "never measured"
    ahead = lags(as_of_ms=6_000)
    assert weigh(ahead, {"b": 1})[0] == [61], "a clock that was set back makes nothing stale"


def test_live_lag_is_read_at_each_assignment() -> None:
    snapshots: list[Lags | None] = [None, lags(), lags(by_topic={"a": [7]})]
    source = LiveLags(lambda: snapshots.pop(0), base=2)

    assert weigh(source, {"a": 1})[0] == [2]
    assert weigh(source, {"a": 1})[0] == [12]
    assert weigh(source, {"a": 1})[0] == [9]
    with pytest.raises(InvalidObjectiveError, match="lag reader returned 3"):
        weigh(LiveLags(lambda: 3), {"a": 1})  # type: ignore[arg-type,return-value]


def test_members_that_measured_at_other_times_agree() -> None:
    one, other = Objective(weights=lags()), Objective(weights=lags(now_ms=9_000, by_topic={}))
    live = Objective(weights=LiveLags(lambda: None))

    assert one.fingerprint == other.fingerprint == live.fingerprint
    assert Objective.from_data(live.to_data()).fingerprint == live.fingerprint
    assert one.fingerprint != Objective(weights=lags(base=3)).fingerprint


@pytest.mark.parametrize("given", [{"by_topic": {"a": [-1]}}, {"base": 0}, {"max_age_ms": -1}])
def test_lag_without_sense_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidObjectiveError):
        lags(**given)


@given(st.lists(st.integers(0, 1000) | st.sampled_from([0.5, 0.25, 3.125]), max_size=30))
def test_small_weights_become_whole_exactly(weights: list[float]) -> None:
    whole, scale = scaled(weights)

    assert [Fraction(each) * scale for each in weights] == whole.tolist()


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=30))
@example([2.225073858507e-311])
def test_other_weights_are_rounded_to_a_part_of_their_sum(weights: list[float]) -> None:
    whole, scale = scaled(weights)

    assert int(whole.sum()) <= MAX_TOTAL + len(weights)
    for weight, each in zip(weights, whole.tolist(), strict=True):
        assert (weight > 0) == (each > 0)
        assert abs(Fraction(weight) * scale - each) <= 1


def test_a_capacity_is_a_share_or_more() -> None:
    assert Capacity.from_data(2) == Capacity(share=2)
    assert Capacity.from_data({"max_partitions": 0}).max_partitions == 0
    assert Weights({"a": 1}) != Weights({"a": [1]})
    for nonsense in (0, -1, math.nan, "large", {"size": 1}, 1e9, None):
        with pytest.raises(InvalidObjectiveError):
            Capacity.from_data(nonsense)


def test_weights_whose_sum_is_no_number_are_refused() -> None:
    with pytest.raises(InvalidObjectiveError, match="more than a float"):
        scaled([1e308, 1e308])


@pytest.mark.parametrize("weight", [1e16, 1.7e308, 10**400])
def test_what_is_too_large_to_be_added_up_is_refused(weight: float) -> None:
    with pytest.raises(InvalidObjectiveError, match="more than 1e\\+15"):
        Objective(weights={"a": weight})


@pytest.mark.parametrize(
    "make",
    [
        lambda: LiveLags(lambda: None, base=-5),
        lambda: LiveLags(lambda: None, base=float("nan")),
        lambda: LiveLags(lambda: None, max_age_ms="y"),  # type: ignore[arg-type]
        lambda: Lags(by_topic={}, as_of_ms="x", now_ms=3),  # type: ignore[arg-type]
        lambda: OptimizedAssignor(rack="r" * 256),
        lambda: OptimizedAssignor(rack=""),
        lambda: OptimizedAssignor(labels={"zone": "\ud800"}),
        lambda: Pin(what=3, who="m"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_made(make: Any) -> None:
    with pytest.raises(InvalidObjectiveError, match="give"):
        make()


def test_selectors_are_taken_as_plain_data_too() -> None:
    pins = [Pin(what="a", who="m")]  # type: ignore[arg-type]
    assert Constraints(pins=pins) == Constraints.from_data({"pins": [{"what": "a", "who": "m"}]})  # type: ignore[arg-type]
    assert Objective(weights={"a": np.array(3)}) == Objective(weights={"a": 3})


def test_equal_lags_have_equal_fingerprints() -> None:
    one, other = (Objective(weights=LiveLags(lambda: None, base=base)) for base in (1, 1.0))
    assert one.fingerprint == other.fingerprint
