"""Finding an assignor, reading its optional attributes, and refusing its invalid plans."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assignors import interface
from assignors.errors import (
    AssignorError,
    AssignorFailedError,
    AssignorInterfaceError,
    AssignorNotFoundError,
    InvalidPlanError,
    PlanFault,
    ProtocolMismatchError,
)
from assignors.interface import (
    DEFAULT_PROMISES,
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_protocols,
    assignor_user_data,
    common_protocol,
    known_assignors,
    resolve,
    run_assignor,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.range import RangeAssignor

EAGER, COOPERATIVE = RebalanceProtocol.EAGER, RebalanceProtocol.COOPERATIVE
CLUSTER = ClusterMetadata({"a": 2, "b": 1})
MEMBERS = {"m1": Subscription(topics=["a", "gone"]), "m2": Subscription(topics=["a", "b"])}
GOOD = {"m1": [("a", 0)], "m2": [("a", 1), ("b", 0)]}


class Fixed:
    """Always answers the same, as the shortest assignor an author could write."""

    name = "fixed"

    def __init__(self, plan: Any = None, **attributes: Any) -> None:
        self.plan = plan
        vars(self).update(attributes)

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Any:
        if isinstance(self.plan, BaseException):
            raise self.plan
        return self.plan


def test_a_name_and_assign_make_an_assignor() -> None:
    assignor = Fixed(GOOD)

    assert isinstance(assignor, Assignor)
    assert assignor_protocols(assignor) == (EAGER,)
    assert assignor_promises(assignor) == DEFAULT_PROMISES == {Promise.VALID, Promise.DETERMINISTIC}
    assert assignor_user_data(assignor, ["a"], PartitionSet(), 3) == b""


def test_optional_attributes_are_read() -> None:
    assignor = Fixed(
        protocols=[EAGER, COOPERATIVE],
        promises={Promise.BALANCED},
        user_data=lambda topics, owned, generation: bytes([len(topics), len(owned), generation]),
    )

    assert assignor_protocols(assignor) == (COOPERATIVE, EAGER)
    assert assignor_promises(assignor) == {Promise.BALANCED}
    assert assignor_user_data(assignor, ["a"], PartitionSet({"a": [1, 2]}), 5) == b"\x01\x02\x05"


@pytest.mark.parametrize("protocols", [[], None, ["fast"], 3])
def test_odd_protocols_are_refused(protocols: Any) -> None:
    with pytest.raises(AssignorInterfaceError, match="at least one RebalanceProtocol"):
        assignor_protocols(Fixed(protocols=protocols))


def test_user_data_that_raises_names_the_assignor() -> None:
    def broken(*_: object) -> bytes:
        raise KeyError("x")

    with pytest.raises(AssignorFailedError, match="'fixed' raised KeyError") as caught:
        assignor_user_data(Fixed(user_data=broken), [], PartitionSet(), -1)
    assert isinstance(caught.value.__cause__, KeyError)


def test_m04_the_highest_protocol_that_all_support() -> None:
    eager, both = Fixed(), Fixed(protocols=(COOPERATIVE, EAGER))

    assert common_protocol([both]) is COOPERATIVE
    assert common_protocol([both, eager]) is EAGER
    assert common_protocol([both, both]) is COOPERATIVE


def test_m04_assignors_without_a_common_protocol_are_an_error() -> None:
    with pytest.raises(ProtocolMismatchError, match="fixed supports COOPERATIVE; fixed supports"):
        common_protocol([Fixed(protocols=(COOPERATIVE,)), Fixed()])
    with pytest.raises(ProtocolMismatchError, match="none is configured"):
        common_protocol([])


@pytest.mark.parametrize(
    "plan",
    [
        GOOD,
        {member: PartitionSet(partitions) for member, partitions in GOOD.items()},
        GroupAssignment(GOOD, user_data={"m1": b"x"}),
        {"m1": iter([("a", 0)]), "m2": {("a", 1): 0, ("b", 0): 0}.keys()},
        {"m1": {"a": [0]}, "m2": {"a": [1], "b": [0]}},
    ],
)
def test_any_form_of_a_valid_plan_is_normalised(plan: Any) -> None:
    result = run_assignor(Fixed(plan), CLUSTER, MEMBERS)

    assert isinstance(result, GroupAssignment)
    assert dict(result) == {member: set(partitions) for member, partitions in GOOD.items()}
    assert result.user_data == getattr(plan, "user_data", {})


def test_a_member_that_gets_nothing_may_be_left_out() -> None:
    members = {"m1": Subscription(topics=[]), "m2": Subscription(topics=["b"])}

    plan = run_assignor(Fixed({"m2": [("b", 0)]}), CLUSTER, members)

    assert plan == {"m1": set(), "m2": {("b", 0)}}


@pytest.mark.parametrize(
    ("plan", "fault", "words"),
    [
        (None, PlanFault.NOT_A_PLAN, "returned NoneType"),
        ({"m1": [0]}, PlanFault.NOT_A_PLAN, "'m1' something that is not partitions"),
        ({"m1": [("a", -1)]}, PlanFault.NOT_A_PLAN, "partition -1"),
        ({**GOOD, "m3": []}, PlanFault.UNKNOWN_MEMBER, "'m3', which is not a member"),
        ({**GOOD, "m1": [("a", 0)] * 2}, PlanFault.ASSIGNED_TWICE, "0 of 'a' twice to 'm1'"),
        (
            {**GOOD, "m1": [("a", 0), ("a", 1)]},
            PlanFault.ASSIGNED_TWICE,
            "1 of 'a' to 'm1' and to 'm2'",
        ),
        ({**GOOD, "m1": [("a", 0), ("b", 0)]}, PlanFault.NOT_SUBSCRIBED, "'m1' partition 0 of 'b'"),
        ({**GOOD, "m1": [("a", 0), ("a", 2)]}, PlanFault.UNKNOWN_PARTITION, "has 2 partitions"),
        ({**GOOD, "m1": [("gone", 0)]}, PlanFault.UNKNOWN_PARTITION, "has 0 partitions"),
        ({**GOOD, "m1": []}, PlanFault.FORGOTTEN, "partition 0 of 'a' to nobody"),
        ({}, PlanFault.FORGOTTEN, "and 2 more to nobody"),
    ],
)
def test_an_invalid_plan_is_refused_with_what_and_where(
    plan: Any, fault: PlanFault, words: str
) -> None:
    with pytest.raises(InvalidPlanError) as caught:
        run_assignor(Fixed(plan), CLUSTER, MEMBERS)

    assert caught.value.fault is fault
    assert words in str(caught.value)
    assert "'fixed'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_fault_is_also_data() -> None:
    with pytest.raises(InvalidPlanError) as caught:
        run_assignor(Fixed({**GOOD, "m1": [("a", 0), ("a", 5)]}), CLUSTER, MEMBERS)

    error = caught.value
    assert (error.member_id, error.topic, error.partition) == ("m1", "a", 5)


@pytest.mark.parametrize(
    "error", [KeyError("b"), AssignorError("inner"), RecursionError(), SystemExit(3)]
)
def test_m08_an_assignor_that_raises_is_named(error: BaseException) -> None:
    with pytest.raises(AssignorFailedError, match="assignor 'fixed' raised") as caught:
        run_assignor(Fixed(error), CLUSTER, MEMBERS)
    assert caught.value.__cause__ is error


class Torn(dict[str, Any]):
    """A plan that falls apart when it is read."""

    def __getitem__(self, member: str) -> Any:
        raise KeyError(member)


class Noted(dict[str, Any]):
    """A plan with user data."""

    def __init__(self, user_data: Any) -> None:
        super().__init__(GOOD)
        self.user_data = user_data


def lazily() -> Iterator[tuple[str, int]]:
    yield ("a", 0)
    raise RuntimeError("torn")


@pytest.mark.parametrize(
    "plan",
    [
        Torn(GOOD),
        {**GOOD, "m1": lazily()},
        Noted(5),
        Noted({"m9": b"x"}),
        Noted({"m1": "not bytes"}),
        Noted({"m1": 4}),
    ],
    ids=["torn", "lazy", "no mapping", "unknown member", "str", "int"],
)
def test_m08_a_plan_that_cannot_be_read_is_no_plan(plan: Any) -> None:
    with pytest.raises(InvalidPlanError, match="assignor 'fixed' returned a plan") as caught:
        run_assignor(Fixed(plan), CLUSTER, MEMBERS)
    assert caught.value.fault is PlanFault.NOT_A_PLAN


@pytest.mark.parametrize(
    ("cluster", "members", "words"),
    [
        (ClusterMetadata({"a": 1}), {"m": Subscription(topics=["a"])}, "for 1 member and 1 topic:"),
        (ClusterMetadata({}), {}, "for 0 members and 0 topics:"),
    ],
)
def test_m08_how_much_it_was_asked_is_counted(
    cluster: ClusterMetadata, members: dict[str, Subscription], words: str
) -> None:
    with pytest.raises(AssignorFailedError, match=words):
        run_assignor(Fixed(KeyError()), cluster, members)


def test_what_a_constructor_says_becomes_one_line() -> None:
    class Verbose(Fixed):
        def __init__(self) -> None:
            raise RuntimeError("cannot make\nme")

    with pytest.raises(AssignorInterfaceError, match=r"without arguments \(cannot make me\)"):
        resolve(Verbose)


def test_a_module_that_exits_when_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exiting_module.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AssignorNotFoundError, match="SystemExit"):
        resolve("exiting_module:Mine")


def owning(member: str, partitions: list[tuple[str, int]]) -> dict[str, Subscription]:
    topics = MEMBERS[member].topics
    return {**MEMBERS, member: Subscription(topics=topics, owned=PartitionSet(partitions))}


WITHHOLDS_A0 = {"m1": [], "m2": [("a", 1), ("b", 0)]}
SAFE = {"protocols": (COOPERATIVE, EAGER), "promises": {Promise.COOPERATIVE_SAFE}}


def test_a_cooperative_plan_may_withhold_what_is_still_claimed() -> None:
    plan = run_assignor(Fixed(WITHHOLDS_A0, **SAFE), CLUSTER, owning("m2", [("a", 0)]))

    assert plan["m1"] == PartitionSet()


@pytest.mark.parametrize(
    ("attributes", "members"),
    [
        (SAFE, MEMBERS),  # nobody claims it
        ({}, owning("m2", [("a", 0)])),  # not cooperative
        ({"promises": {Promise.COOPERATIVE_SAFE}}, owning("m2", [("a", 0)])),
        ({"protocols": (COOPERATIVE,)}, owning("m2", [("a", 0)])),
    ],
)
def test_otherwise_it_may_not(attributes: Any, members: dict[str, Subscription]) -> None:
    with pytest.raises(InvalidPlanError) as caught:
        run_assignor(Fixed(WITHHOLDS_A0, **attributes), CLUSTER, members)
    assert caught.value.fault is PlanFault.FORGOTTEN


def test_m06_nothing_owned_goes_to_another_under_cooperative() -> None:
    members = owning("m2", [("a", 0)])

    assert run_assignor(Fixed(GOOD), CLUSTER, members, protocol=EAGER) == GroupAssignment(GOOD)
    with pytest.raises(InvalidPlanError, match="to 'm1' while 'm2' still owns it") as caught:
        run_assignor(Fixed(GOOD), CLUSTER, members, protocol=COOPERATIVE)
    assert caught.value.fault is PlanFault.UNSAFE_TRANSFER


def test_m06_to_keep_what_one_owns_is_no_transfer() -> None:
    members = {
        **owning("m2", [("a", 0)]),
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": [0]})),
    }

    plan = run_assignor(Fixed(GOOD), CLUSTER, members, protocol=COOPERATIVE)

    assert plan == GOOD_SETS


GOOD_SETS = {member: set(partitions) for member, partitions in GOOD.items()}


@pytest.mark.parametrize("name", ["range", "roundrobin", "sticky", "cooperative-sticky"])
def test_built_in_assignors_are_found_by_their_wire_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interface, "_entry_points", dict)

    assert resolve(name).name == name
    assert name in known_assignors()


def test_objects_classes_and_instances_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("authors_module")
    module.Mine = Fixed  # type: ignore[attr-defined]
    module.ready = Fixed(GOOD)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "authors_module", module)
    assignor = RangeAssignor()

    assert resolve(assignor) is assignor
    assert isinstance(resolve(Fixed), Fixed)
    assert isinstance(resolve("authors_module:Mine"), Fixed)
    assert resolve("authors_module:ready") is module.ready
    assert resolve("assignors.range:RangeAssignor").name == "range"


def test_entry_points_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "_entry_points", lambda: {"ours": f"{__name__}:Fixed"})

    assert isinstance(resolve("ours"), Fixed)
    assert "ours" in known_assignors()


class NeedsArguments(Fixed):
    def __init__(self, weight: int) -> None:
        super().__init__(weight)


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ("nope", AssignorNotFoundError, "no assignor is called 'nope'"),
        ("no_such_module:X", AssignorNotFoundError, "No module named"),
        ("assignors.range:Nope", AssignorNotFoundError, "Nope"),
        (":", AssignorNotFoundError, "cannot be loaded"),
        ("assignors.range:np", AssignorInterfaceError, "needs a name"),
        (42, AssignorInterfaceError, "42 is not an assignor"),
        (NeedsArguments, AssignorInterfaceError, "without arguments"),
    ],
)
def test_what_cannot_be_used_is_one_line(spec: Any, error: type[AssignorError], words: str) -> None:
    with pytest.raises(error) as caught:
        resolve(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    if error is AssignorNotFoundError:
        assert "cooperative-sticky, optimized, range, roundrobin, sticky" in str(caught.value)


def test_an_error_survives_copying_and_another_process() -> None:
    error = InvalidPlanError(
        "twice", fault=PlanFault.ASSIGNED_TWICE, member_id="m", topic="t", partition=1
    )
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert str(copied) == "twice"
        assert vars(copied) == vars(error)
