"""`optimized`: the plan that costs least by an objective, under constraints.

The rule kept here: `assign` never answers with a plan that breaks a hard constraint, nor with one
that costs more than sticky's would; and it answers after a counted amount of work. Nothing is
remembered between calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from assignors.claims import Settled, settle
from assignors.cooperative import Cooperative
from assignors.interface import Assignor, Promise, RebalanceProtocol, resolve, run_assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.optimized import cpsat, data, member_data
from assignors.optimized.compile import Compiler
from assignors.optimized.constraints import Capacity, Constraints
from assignors.optimized.errors import Cause, Infeasible, InvalidObjectiveError, UndecidedError
from assignors.optimized.evaluate import defined_terms
from assignors.optimized.infeasible import Case, causes_of
from assignors.optimized.member_data import MemberData
from assignors.optimized.model import Model
from assignors.optimized.objective import Objective
from assignors.optimized.people import members_of
from assignors.optimized.solution import ROUNDING, Solution
from assignors.optimized.solve import DEFAULT_WORK, UNIT, Outcome, followed_up, solved
from assignors.optimized.weights import Weights
from assignors.solver import solve as sticky_solve

Report = Callable[[Solution], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizedAssignor:
    """See the module and docs/optimized.md.

    `objective`, `constraints`: data; a plain mapping is read with their `from_data`. The leader's
    count; members that are configured otherwise are named in the Solution.
    `capacity`, `labels`, `rack`: what this member says of itself, in its subscription's user data;
    the rack only where the subscription has none (before version 3).
    `fallback`: an assignor, or its name, that answers where no plan is feasible or none is found
    within the limit; None: `Infeasible` or `UndecidedError` is raised.
    `work_limit`: units of work, about 1,000,000 array elements each; never a time.
    `two_rounds`: a rebalance of members that all come from the same generation, with partitions
    that nobody owns, moves others only if the best plan is proven to: it may be there only to hand
    over what the last one took away. `CooperativeOptimizedAssignor` sets it.
    `report`: called once for each `assign` with the Solution, in the caller's thread: for logs.

    Raises InvalidObjectiveError for configuration that makes no sense, AssignorNotFoundError for a
    fallback that is not there.
    """

    objective: Objective = field(default_factory=Objective)
    constraints: Constraints = field(default_factory=Constraints)
    capacity: Capacity = field(default_factory=Capacity)
    labels: Mapping[str, str] = field(default_factory=dict)
    rack: str | None = None
    fallback: Any = None
    work_limit: int = DEFAULT_WORK
    report: Report | None = None
    two_rounds: bool = False

    name: ClassVar[str] = "optimized"
    protocols: ClassVar[tuple[RebalanceProtocol, ...]] = (RebalanceProtocol.EAGER,)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        # Plain data is taken where the types say more, and None for what is not given.
        objective: Any = self.objective
        if not isinstance(objective, Objective):
            set_(self, "objective", Objective.from_data({} if objective is None else objective))
        constraints: Any = self.constraints
        if not isinstance(constraints, Constraints):
            read = Constraints.from_data({} if constraints is None else constraints)
            set_(self, "constraints", read)
        given: Any = self.capacity
        set_(self, "capacity", Capacity() if given is None else Capacity.from_data(given))
        labels: Any = self.labels
        checked = member_data.checked_labels({} if labels is None else labels)
        set_(self, "labels", MappingProxyType(checked))
        member_data.checked_rack(self.rack)
        data.whole(self.work_limit, "the work limit")
        if self.fallback is not None:
            set_(self, "fallback", resolve(self.fallback))

    @property
    def promises(self) -> frozenset[Promise]:
        """What holds of this instance, where a plan is feasible at all.

        Idempotent only where the answer is always a flow's: equal weights, no limit on moves (the
        next rebalance has moves of its own), nothing that ties partitions together or apart.
        """
        promised = {Promise.VALID, Promise.DETERMINISTIC, Promise.CONFLICT_PROOF}
        tied = self.constraints.together or self.constraints.apart
        if self.objective.weights == Weights() and self.constraints.max_moves is None and not tied:
            promised.add(Promise.IDEMPOTENT)
        return frozenset(promised)

    @property
    def fingerprint(self) -> str:
        """16 hex digits over objective and constraints."""
        return data.fingerprint([self.objective.to_data(), self.constraints.to_data()])

    def describe(self) -> str:
        """Objective and constraints in lines."""
        return f"{self.objective.describe()}\nconstraints:\n{self.constraints.describe()}"

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """What this member says of itself and what it holds; see `member_data`."""
        wanted = set(topics)
        return member_data.encode(
            MemberData(
                fingerprint=self.fingerprint,
                capacity=self.capacity,
                labels=self.labels,
                rack=self.rack,
                held=PartitionSet({t: ids for t, ids in owned.by_topic.items() if t in wanted}),
                generation_id=generation_id,
            )
        )

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """The plan. Raises Infeasible or UndecidedError, unless there is a fallback."""
        solution = self.solve(cluster, members)
        if self.report is not None:
            self.report(solution)
        return solution.assignment

    def solve(
        self,
        cluster: ClusterMetadata,
        members: Mapping[str, Subscription],
        *,
        strict: bool = False,
    ) -> Solution:
        """The plan and its account.

        `strict`: what a constraint names and is not there is an InvalidObjectiveError.
        Raises as `assign`.
        """
        said = {member: member_data.decode(each.user_data) for member, each in members.items()}
        holders = {member: member_data.holding(each) for member, each in members.items()}
        settled = settle(cluster, holders)
        people = members_of(members, said, self.constraints)
        case = Case(
            cluster=cluster,
            settled=settled,
            members=people,
            objective=self.objective,
            constraints=self.constraints,
        )
        compiler = Compiler(cluster, settled, people, self.objective, self.constraints)
        model = compiler.model()
        if strict and compiler.unknown:
            raise InvalidObjectiveError("; ".join(compiler.unknown))
        sticky = sticky_solve(settled).owner
        ask = followed_up if self.two_rounds and _may_follow_up(members, said, settled) else solved
        outcome = ask(model, model.units_of(sticky), self.work_limit)
        mine = self.fingerprint
        mismatched = tuple(
            member for member in sorted(members) if _fingerprint(said[member]) != mine
        )
        notes = tuple(compiler.notes)
        if not outcome.feasible:
            error = _why(case, model, outcome, quick=self.fallback is not None)
            return self._without_plan(cluster, holders, error, mismatched, notes)
        return _solution(model, outcome, settled, mismatched, notes)

    def _without_plan(
        self,
        cluster: ClusterMetadata,
        members: Mapping[str, Subscription],
        error: Infeasible | UndecidedError,
        mismatched: tuple[str, ...],
        notes: tuple[str, ...],
    ) -> Solution:
        if self.fallback is None:
            raise error
        fallback: Assignor = self.fallback
        return Solution(
            assignment=run_assignor(fallback, cluster, members),
            method=f"fallback {fallback.name}",
            fell_back=True,
            causes=getattr(error, "causes", ()),
            mismatched=mismatched,
            notes=(*notes, str(error)),
        )


class CooperativeOptimizedAssignor(Cooperative):
    """`optimized` under the cooperative protocol; takes the same arguments."""

    def __init__(self, **arguments: Any) -> None:
        arguments.setdefault("two_rounds", True)
        super().__init__(OptimizedAssignor(**arguments), name="cooperative-optimized")

    def solve(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription], *, strict: bool = False
    ) -> Solution:
        """Where the group is heading, with its account; see `OptimizedAssignor.solve`."""
        inner: Any = self.inner
        solution: Solution = inner.solve(cluster, members, strict=strict)
        return solution


def _may_follow_up(
    members: Mapping[str, Subscription], said: Mapping[str, MemberData | None], settled: Settled
) -> bool:
    """Whether all members come from one generation, and some partitions have no owner."""
    generations = set()
    for member, each in members.items():
        own = said[member]
        mine = each.generation_id
        generations.add(mine if own is None else max(mine, own.generation_id))
    one = len(generations) == 1 and min(generations) >= 0
    return one and bool((settled.owner < 0).any())


def _why(case: Case, model: Model, outcome: Outcome, *, quick: bool) -> Infeasible | UndecidedError:
    """Why there is no plan, or why that is not known; `quick`: as far as that is cheap to say."""
    solver = cpsat.available()
    causes, known = causes_of(case, model, outcome.work if solver and not quick else None)
    if causes:
        return Infeasible(causes)
    if known or outcome.infeasible:
        why = "was not asked: a fallback answers" if quick else "the work limit left open"
        text = f"the constraints exclude each other (which of them, {why})"
        return Infeasible((Cause(text=text, minimal=False),))
    if not solver:
        return UndecidedError(
            "no plan was found that satisfies the constraints, and without OR-tools it is open "
            "whether there is one: pip install 'kafka-rebalance[optimize]', or give a fallback"
        )
    return UndecidedError(
        "no plan was found that satisfies the constraints within the work limit, and none is "
        "proven impossible: raise work_limit, or give a fallback"
    )


def _fingerprint(said: MemberData | None) -> str | None:
    return said.fingerprint if said is not None else None


def _solution(
    model: Model,
    outcome: Outcome,
    settled: Settled,
    mismatched: tuple[str, ...],
    notes: tuple[str, ...],
) -> Solution:
    value = outcome.value
    assert value is not None
    assert outcome.to is not None
    scale, floor = float(model.scale), model.definition.floor
    costs = defined_terms(model, outcome.to)
    cost = math.fsum(costs.values())
    below = model.rounding.bound(outcome.bound, cost * scale) / scale
    bound = min(max(below, floor), cost)
    hidden = ROUNDING if outcome.proven else 1e-12
    proven = cost - bound <= hidden * cost
    if proven:
        bound = cost
    above = cost - floor
    return Solution(
        assignment=settled.assignment(model.owners(outcome.to)),
        objective=cost,
        bound=bound,
        gap=(cost - bound) / cost if cost else 0.0,
        proven=proven,
        floor=floor,
        gap_above_floor=(cost - bound) / above if above > 0 and cost > bound else 0.0,
        costs=costs,
        moves=value.moves,
        method=outcome.method,
        work=outcome.work.done // UNIT,
        mismatched=mismatched,
        notes=notes,
    )
