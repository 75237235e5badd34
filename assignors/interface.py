"""What an assignor is, how one is found, and the one place where its answer is believed or not.

An author writes a `name` and `assign`; everything else has a default, read here and nowhere else.
The rule kept here: whatever an assignor returns, what leaves `checked_plan` (and so `run_assignor`)
is a `GroupAssignment` that the group can follow, or an `AssignorError` that says why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from enum import Enum, IntEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable

from assignors.columns import Subscriptions
from assignors.errors import (
    AssignorError,
    AssignorFailedError,
    AssignorInterfaceError,
    AssignorNotFoundError,
    InvalidPlanError,
    PlanFault,
    ProtocolMismatchError,
    in_one_line,
)
from assignors.model import (
    ClusterMetadata,
    GroupAssignment,
    PartitionSet,
    Subscription,
)
from assignors.plans import normalised, validated

__all__ = [
    "BUILT_IN",
    "DEFAULT_PROMISES",
    "DEFAULT_PROTOCOLS",
    "ENTRY_POINT_GROUP",
    "Assignor",
    "AssignorError",
    "AssignorFailedError",
    "AssignorInterfaceError",
    "AssignorNotFoundError",
    "InvalidPlanError",
    "Plan",
    "PlanFault",
    "Promise",
    "ProtocolMismatchError",
    "RebalanceProtocol",
    "assignor_promises",
    "assignor_protocols",
    "assignor_user_data",
    "checked_plan",
    "common_protocol",
    "known_assignors",
    "resolve",
    "run_assignor",
]


class RebalanceProtocol(IntEnum):
    """How a member gives partitions up (KIP-429); the higher value is the better protocol."""

    EAGER = 0
    """Revoke everything, then join."""
    COOPERATIVE = 1
    """Keep everything, join, revoke only what the plan takes away, join again."""


class Promise(Enum):
    """What an assignor claims of its plans; each claim can be tested."""

    VALID = "valid"
    """Every partition of a subscribed topic goes to exactly one subscribed member."""
    BALANCED = "balanced"
    """The sum of squared loads is the least that the subscriptions allow."""
    MINIMAL_MOVES = "minimal moves"
    """Among the balanced plans, no other leaves more partitions with their settled owner."""
    IDEMPOTENT = "idempotent"
    """Once everybody owns what the plan says, the next plan is the same."""
    DETERMINISTIC = "deterministic"
    """Equal inputs, in any order and under any hash seed, give equal plans."""
    CONFLICT_PROOF = "conflict-proof"
    """Conflicting, stale or nonsensical claims never break validity."""
    COOPERATIVE_SAFE = "cooperative-safe"
    """Nothing that one live member still claims is handed to another."""


Plan: TypeAlias = Mapping[str, Iterable[tuple[str, int]]]
"""What `assign` may return; a `GroupAssignment` is one."""


@runtime_checkable
class Assignor(Protocol):
    """Decides which member of a group consumes which partition.

    `name` is what the members negotiate on the wire (JoinGroup's protocol name). Optional, with
    defaults when absent: `protocols`, `promises`, `user_data(topics, owned, generation_id)`; see
    `assignor_protocols`, `assignor_promises`, `assignor_user_data`. An assignor holds no state
    between calls: what it needs to be sticky is in each subscription's `owned` and `generation_id`.
    """

    @property
    def name(self) -> str:
        """The protocol name, e.g. "range"."""

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Plan:
        """Member id -> its partitions, for the members given (ids as the coordinator made them)."""


DEFAULT_PROTOCOLS: tuple[RebalanceProtocol, ...] = (RebalanceProtocol.EAGER,)
_IN_ORDER: tuple[tuple[RebalanceProtocol, ...], ...] = (
    DEFAULT_PROTOCOLS,
    (RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER),
    (RebalanceProtocol.COOPERATIVE,),
)
DEFAULT_PROMISES: frozenset[Promise] = frozenset({Promise.VALID, Promise.DETERMINISTIC})
ENTRY_POINT_GROUP = "rebalance.assignors"
BUILT_IN: Mapping[str, str] = {
    "range": "assignors.range:RangeAssignor",
    "roundrobin": "assignors.round_robin:RoundRobinAssignor",
    "sticky": "assignors.sticky:StickyAssignor",
    "cooperative-sticky": "assignors.cooperative:CooperativeStickyAssignor",
    "optimized": "assignors.optimized:OptimizedAssignor",
    "cooperative-optimized": "assignors.optimized:CooperativeOptimizedAssignor",
}
"""Wire name -> where it lives; found without installed metadata, and before any entry point."""


def assignor_protocols(assignor: Assignor) -> tuple[RebalanceProtocol, ...]:
    """The rebalance protocols it supports, best first; EAGER alone when it does not say.

    Raises AssignorInterfaceError if `protocols` is empty or holds anything else.
    """
    declared = getattr(assignor, "protocols", DEFAULT_PROTOCOLS)
    if declared in _IN_ORDER:  # enums are slow to hash
        return _IN_ORDER[_IN_ORDER.index(declared)]
    try:
        protocols = tuple(sorted({RebalanceProtocol(each) for each in declared}, reverse=True))
    except (TypeError, ValueError):
        protocols = ()
    if not protocols:
        raise AssignorInterfaceError(
            f"assignor {assignor.name!r} declares protocols = {declared!r}: "
            "name at least one RebalanceProtocol"
        )
    return protocols


def assignor_promises(assignor: Assignor) -> frozenset[Promise]:
    """What it promises; valid and deterministic when it does not say.

    Raises AssignorInterfaceError if `promises` is no set of them.
    """
    declared = getattr(assignor, "promises", DEFAULT_PROMISES)
    if isinstance(declared, frozenset) and all(isinstance(each, Promise) for each in declared):
        return declared
    try:
        return frozenset(Promise(each) for each in declared)
    except (TypeError, ValueError) as error:
        raise AssignorInterfaceError(
            f"assignor {assignor.name!r} declares promises = {declared!r}: give a set of Promise"
        ) from error


def assignor_user_data(
    assignor: Assignor, topics: Sequence[str], owned: PartitionSet, generation_id: int
) -> bytes:
    """The assignor's own bytes beside a member's subscription; b"" when it has none.

    What goes out instead, if anything, is said in `claims`. `owned` is what the member held
    in generation `generation_id`, also under the eager protocol, where it has given it up before it
    joins. Raises AssignorFailedError if the assignor raises.
    """
    make = getattr(assignor, "user_data", None)
    if make is None:
        return b""
    try:
        return bytes(make(topics, owned, generation_id))
    except (Exception, SystemExit) as error:
        raise AssignorFailedError(
            f"assignor {assignor.name!r} raised {error!r} in user_data: fix it, or choose another"
        ) from error


def common_protocol(assignors: Iterable[Assignor]) -> RebalanceProtocol:
    """The best protocol that all of a member's own assignors support (rule M04, KIP-429).

    Raises ProtocolMismatchError if they share none, or if there are none.
    """
    listed = list(assignors)
    shared = set(RebalanceProtocol)
    for assignor in listed:
        shared &= set(assignor_protocols(assignor))
    if listed and shared:
        return max(shared)
    says = "; ".join(
        f"{each.name} supports {', '.join(p.name for p in assignor_protocols(each))}"
        for each in listed
    )
    raise ProtocolMismatchError(
        f"the configured assignors share no rebalance protocol ({says or 'none is configured'}): "
        "configure assignors that have one in common"
    )


def run_assignor(
    assignor: Assignor,
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    *,
    protocol: RebalanceProtocol | None = None,
) -> GroupAssignment:
    """Run an assignor as the leader does, and return its plan, normalised and validated.

    Raises AssignorFailedError if it raises, InvalidPlanError if its plan breaks a rule of
    `checked_plan`.
    """
    name = assignor.name
    group = Subscriptions.of(members)  # once, for the assignor and for the check
    try:
        raw: Any = assignor.assign(cluster, group)
    except (Exception, SystemExit) as error:
        raise AssignorFailedError(
            f"assignor {name!r} raised {error!r} for {_count(members, 'member')} and "
            f"{_count(cluster.partitions, 'topic')}: fix it, or choose another"
        ) from error
    return checked_plan(assignor, cluster, group, raw, protocol=protocol)


def checked_plan(
    assignor: Assignor,
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: object,
    *,
    protocol: RebalanceProtocol | None = None,
) -> GroupAssignment:
    """A plan of this assignor, however it was come by, normalised and validated.

    A partition of a subscribed topic may stay unassigned only if the assignor supports COOPERATIVE
    and promises COOPERATIVE_SAFE, and some live member still claims it: it is withheld until that
    member has let go. With `protocol=COOPERATIVE` the plan is also checked for transfers without a
    revocation (rule M06). To check what has been checked costs little beside making it.
    Raises InvalidPlanError if the plan breaks a rule.
    """
    may_withhold = RebalanceProtocol.COOPERATIVE in assignor_protocols(
        assignor
    ) and Promise.COOPERATIVE_SAFE in assignor_promises(assignor)
    group = Subscriptions.of(members)
    return validated(
        normalised(plan, group, assignor.name),
        cluster,
        group,
        assignor.name,
        may_withhold=may_withhold,
        refuse_transfers=protocol is RebalanceProtocol.COOPERATIVE,
    )


def known_assignors() -> tuple[str, ...]:
    """The names that `resolve` knows: the built-in ones and the installed entry points, sorted."""
    return tuple(sorted({*BUILT_IN, *_entry_points()}))


def resolve(spec: object) -> Assignor:
    """An assignor by object, class, `module:Class` (or `module:instance`), or registered name.

    Raises AssignorNotFoundError if nothing is there, AssignorInterfaceError if what is there is not
    an assignor; both in one line that lists what is known.
    """
    if not isinstance(spec, str):
        return _checked(spec, f"{spec!r}")
    if spec in BUILT_IN:
        return _checked(_loaded(BUILT_IN[spec]), spec)
    if ":" in spec:
        return _checked(_loaded(spec), spec)
    target = _entry_points().get(spec)
    if target is None:
        raise AssignorNotFoundError(
            f"no assignor is called {spec!r}: choose one of {', '.join(known_assignors())}, "
            "or name it as module:Class"
        )
    return _checked(_loaded(target), f"{spec} ({target})")


def _count(of: Sized, what: str) -> str:
    return f"{len(of)} {what}{'' if len(of) == 1 else 's'}"


def _entry_points() -> dict[str, str]:
    # Imported late: reading installed metadata is no business of `import assignors`.
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINT_GROUP)
    return {point.name: point.value for point in sorted(found, key=lambda point: point.value)}


def _loaded(target: str) -> Any:
    from importlib import import_module

    module_name, _, attribute = target.partition(":")
    try:
        found: Any = import_module(module_name)
        for part in attribute.strip().split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # a user's module may do anything when imported
        raise AssignorNotFoundError(
            f"assignor {target!r} cannot be loaded ({type(error).__name__}: "
            f"{in_one_line(error)}): check the module and class name, "
            f"or choose one of {', '.join(known_assignors())}"
        ) from error
    return found


def _checked(found: Any, where: str) -> Assignor:
    if isinstance(found, type):
        try:
            found = found()
        except (Exception, SystemExit) as error:
            raise AssignorInterfaceError(
                f"assignor {where} cannot be made without arguments ({in_one_line(error)}): "
                "give module:instance, or defaults to its constructor"
            ) from error
    name = getattr(found, "name", None)
    if not (isinstance(name, str) and name and callable(getattr(found, "assign", None))):
        raise AssignorInterfaceError(
            f"{where} is not an assignor: it needs a name (str) and assign(cluster, members); "
            f"known are {', '.join(known_assignors())}"
        )
    assignor: Assignor = found
    assignor_protocols(assignor)
    return assignor
