"""OptimizedAssignor on instances that are written down: how good, how sure, how long, how large.

The rule kept here: an instance is a function of its name and the seed below; weights 1 to 100,
capacities, racks, random owners, at most a tenth of the partitions moved. Each one is solved in a
process of its own, with a work limit that is counted and not timed.

    objective   what the plan costs; bound: no plan costs less; gap: between them, of the objective
    above floor the same, of what remains when the load could be divided at will: much stricter
    sticky      what StickyAssignor's plan costs by this objective, whatever it breaks: it knows no
                limit on moves
    s           of CPU time in this process, with OR-tools imported before
    hint        what the plan of the flow relaxation costs, made whole: where the search begins
    peak        the whole process, at its most

Run: python -m benchmarks.optimized [NAME]...
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from assignors import ClusterMetadata, PartitionSet, StickyAssignor, Subscription
from assignors.claims import settle
from assignors.optimized import Constraints, Objective, OptimizedAssignor, Weights, cpsat
from assignors.optimized.compile import Compiler
from assignors.optimized.evaluate import evaluate
from assignors.optimized.model import Model
from assignors.optimized.people import members_of
from assignors.optimized.relaxation import relaxed
from assignors.optimized.search import Search, Work
from assignors.optimized.solve import DEFAULT_WORK
from benchmarks.assignors.report import ms
from benchmarks.assignors.subject import peak_kib

SEED = 2026
RACKS = ("a", "b", "c")
REPLICAS = 2
TOPICS = 10
SHARES = (1, 1, 2, 4)
MOVEMENT = 0.5
RACK_MISS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`work`: units; None = the default. The rest are limits of what is promised, None = none."""

    partitions: int
    members: int
    work: int | None
    seconds: float
    gap: float | None = None
    gib: float = 4

    @property
    def name(self) -> str:
        """As on the command line."""
        work = "-default" if self.work is None else ""
        return f"{self.partitions}x{self.members}{work}"


INSTANCES: Mapping[str, Instance] = {
    each.name: each
    for each in (
        Instance(partitions=300, members=20, work=500, seconds=10, gap=0.001),
        Instance(partitions=3_000, members=100, work=1_500, seconds=60, gap=0.02),
        Instance(partitions=10_000, members=1_000, work=2_000, seconds=120),
        Instance(partitions=10_000, members=100, work=None, seconds=1),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An instance: who is in the group, and how its assignor is configured."""

    cluster: ClusterMetadata
    members: Mapping[str, Subscription]
    objective: Objective
    constraints: Constraints

    def assignor(self, work: int | None) -> OptimizedAssignor:
        """With this work limit, or the default."""
        return OptimizedAssignor(
            objective=self.objective,
            constraints=self.constraints,
            work_limit=DEFAULT_WORK if work is None else work,
        )


def made(instance: Instance) -> Group:
    """The group of an instance; everybody subscribes to everything."""
    random = Random(SEED)
    each = instance.partitions // TOPICS
    topics = [f"topic-{number:02d}" for number in range(TOPICS)]
    racks = {
        topic: [frozenset(random.sample(RACKS, REPLICAS)) for _ in range(each)] for topic in topics
    }
    weights = {topic: [random.randint(1, 100) for _ in range(each)] for topic in topics}
    ids = [f"consumer-{number:04d}" for number in range(instance.members)]
    owned: dict[str, list[tuple[str, int]]] = {member: [] for member in ids}
    for topic in topics:
        for number in range(each):
            owned[random.choice(ids)].append((topic, number))
    shares = [{"who": member, "share": random.choice(SHARES)} for member in ids]
    return Group(
        cluster=ClusterMetadata(dict.fromkeys(topics, each), racks),
        members={
            member: Subscription(
                topics=topics,
                owned=PartitionSet(owned[member]),
                generation_id=3,
                rack_id=RACKS[number % len(RACKS)],
            )
            for number, member in enumerate(ids)
        },
        objective=Objective(weights=Weights(weights), movement=MOVEMENT, rack=RACK_MISS),
        constraints=Constraints.from_data(
            {"max_moves": instance.partitions // 10, "capacity": shares}
        ),
    )


def measure(instance: Instance) -> dict[str, Any]:
    """Solve it here."""
    group = made(instance)
    sticky, hint = sticky_plan(group), flow_hint(group)
    cpsat.available()
    began = time.process_time()
    found = group.assignor(instance.work).solve(group.cluster, group.members)
    return {
        "seconds": time.process_time() - began,
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "above_floor": found.gap_above_floor,
        "proven": found.proven,
        "moves": found.moves,
        "method": found.method,
        "work": found.work,
        "sticky": sticky,
        "hint": hint,
        "peak_kib": peak_kib(),
    }


def model_of(group: Group) -> Model:
    """As the assignor compiles it. This reaches inside the assignor: nobody else asks."""
    said = dict.fromkeys(group.members)
    settled = settle(group.cluster, group.members)
    people = members_of(group.members, said, group.constraints)
    return Compiler(group.cluster, settled, people, group.objective, group.constraints).model()


def sticky_plan(group: Group) -> float:
    """What StickyAssignor's own plan costs."""
    model = model_of(group)
    plan = StickyAssignor().assign(group.cluster, group.members)
    ids = model.settled.member_ids
    owner = np.full(model.unit_of.size, -1, dtype=np.int32)
    for at, member in enumerate(ids):
        owner[model.settled.index.numbers(plan[member])] = at
    to = model.units_of(owner)
    assert to is not None, "nothing ties partitions together here, and sticky forgets none"
    return float(evaluate(model, to).cost / model.scale)


def flow_hint(group: Group) -> float:
    """What the flow relaxation's plan costs when each undecided partition goes where it adds least.

    Infinite where that breaks a constraint.
    """
    model, work = model_of(group), Work(limit=sys.maxsize)
    search = Search(model, relaxed(model, work)[0].to, work)
    search.place_rest()
    value = evaluate(model, search.to)
    return float(value.cost / model.scale) if value.broken == 0 else math.inf


def main(names: list[str]) -> int:
    """Measure and print."""
    if names[:1] == ["--one"]:
        print(json.dumps(measure(INSTANCES[names[1]])))
        return 0
    unknown = [name for name in names if name not in INSTANCES]
    if unknown:
        print(f"no instance {unknown[0]}: there are {', '.join(INSTANCES)}", file=sys.stderr)
        return 2
    found: dict[str, dict[str, Any]] = {}
    for name in names or INSTANCES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "benchmarks.optimized", "--one", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[name] = json.loads(done.stdout)
    show(found)
    return 0


def show(found: Mapping[str, Mapping[str, Any]]) -> None:
    """The table, and each promise as kept or missed."""
    console = Console(width=170)
    table = Table(title="OptimizedAssignor", title_justify="left")
    columns = ("objective", "bound", "gap", "above floor", "proven", "moves", "sticky", "hint")
    for column in ("partitions x members", *columns, "s", "work", "peak MiB", "by"):
        table.add_column(column, justify="right")
    for name, each in found.items():
        table.add_row(
            name,
            cost(each["objective"]),
            cost(each["bound"]),
            f"{each['gap']:.3%}",
            f"{each['above_floor']:.2%}",
            "yes" if each["proven"] else "no",
            f"{each['moves']:,}",
            cost(each["sticky"]),
            cost(each["hint"]),
            ms(each["seconds"]),
            f"{each['work']:,}",
            f"{each['peak_kib'] / 1024:,.0f}",
            each["method"],
        )
    console.print(table)
    for name, each in found.items():
        for promise, kept in promises(INSTANCES[name], each):
            console.print(f"{'kept  ' if kept else 'MISSED'} {name}: {promise}", highlight=False)


def cost(value: float) -> str:
    """With as many digits as can matter."""
    return f"{value:,.2f}" if value < 100_000 else f"{value:,.0f}"


def promises(instance: Instance, found: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """What was promised of an instance, and whether it holds."""
    said = [
        (f"within {instance.seconds:g} s", found["seconds"] <= instance.seconds),
        (f"under {instance.gib:g} GiB", found["peak_kib"] < instance.gib * 1024 * 1024),
        ("no worse than the hint", found["objective"] <= found["hint"]),
    ]
    if instance.gap is not None:
        kept = found["proven"] or found["gap"] <= instance.gap
        said.append((f"proven, or within {instance.gap:.1%}", kept))
    elif instance.work is not None:
        said.append(("better than the hint", found["objective"] < found["hint"]))
    return said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
