"""From settled claims to an owner column: balance, moves and placing, with OR-tools and without."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from assignors.balance import Levels, balanced
from assignors.claims import Settled, settle
from assignors.classes import Problem, problem_of
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.moves import fewest_moves
from assignors.network import Kernel
from assignors.ortools_flow import OrToolsFlows
from assignors.own_flow import OwnFlows
from assignors.soft import Soft, softened
from assignors.solver import Solver, least_imbalance_of, solve

KERNELS = pytest.mark.parametrize("kernel_type", [OrToolsFlows, OwnFlows])
SOLVERS = pytest.mark.parametrize("solver", ["flow", "own"])


def made(kernel_type: type[OrToolsFlows] | type[OwnFlows]) -> Kernel:
    if kernel_type is OrToolsFlows:
        pytest.importorskip("ortools")
    return kernel_type()


def random_group(seed: int) -> Settled:
    """Topics of skewed sizes, random subscriptions, an unbalanced past."""
    random = Random(seed)
    topics = [f"t{n}" for n in range(random.randint(2, 12))]
    cluster = ClusterMetadata({topic: random.choice([1, 2, 5, 13, 40]) for topic in topics})
    members = {
        f"m{n:02}": random.sample(topics, random.randint(1, min(4, len(topics))))
        for n in range(random.randint(2, 20))
    }
    owned: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
    for topic, count in cluster.partitions.items():
        subscribers = [m for m, names in members.items() if topic in names][:3]
        for partition in range(count):
            if subscribers and random.random() < 0.9:
                owned[random.choice(subscribers)].append((topic, partition))
    return settle(
        cluster,
        {
            m: Subscription(topics=names, owned=PartitionSet(owned[m]), generation_id=1)
            for m, names in members.items()
        },
    )


def chain(length: int, first: int) -> Settled:
    """m0 is subscribed to t0, m1 to t0 and t1, ... and everything is at one end."""
    cluster = ClusterMetadata({f"t{n:02}": 1 if n else first for n in range(length)})
    return settle(
        cluster,
        {
            f"m{n:02}": Subscription(topics=[f"t{n:02}", f"t{n - 1:02}"] if n else ["t00"])
            for n in range(length)
        },
    )


def levels_of(problem: Problem, kernel: Kernel) -> Levels:
    return balanced(problem, problem.keep, kernel)


def squares(problem: Problem, x: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    return int((problem.loads(x) ** 2).sum())


@KERNELS
@pytest.mark.parametrize("seed", range(60))
def test_a_balanced_plan_has_the_levels_it_says(
    kernel_type: type[OrToolsFlows] | type[OwnFlows], seed: int
) -> None:
    kernel, problem = made(kernel_type), problem_of(random_group(seed))

    levels = levels_of(problem, kernel)

    for x in (levels.x, fewest_moves(problem, levels, problem.keep, kernel)[0]):
        assert (x >= 0).all()
        assert not x[~levels.open(problem)].any()
        np.testing.assert_array_equal(problem.unowned(x), 0)
        assert squares(problem, x) == levels.imbalance()
        loads = problem.loads(x)
        for group, level in enumerate(levels.level.tolist()):
            mine = sorted(loads[levels.of_member == group].tolist())
            odd = int(levels.odd[group])
            assert mine == [level] * (len(mine) - odd) + [level + 1] * odd


@pytest.mark.parametrize("seed", range(60))
def test_both_ways_are_worth_the_same(seed: int) -> None:
    pytest.importorskip("ortools")
    settled = random_group(seed)
    for soft in (None, Soft(move=3), Soft(balance=2, move=25)):
        flow, own = (solve(settled, soft=soft, solver=each) for each in ("flow", "own"))
        loads = [np.bincount(each.owner, minlength=20) for each in (flow, own)]
        assert flow.proven
        assert own.proven
        assert flow.moves == own.moves
        assert (loads[0] ** 2).sum() == (loads[1] ** 2).sum()
    assert least_imbalance_of(settled, solver="flow") == least_imbalance_of(settled, solver="own")


@pytest.mark.parametrize("seed", range(40))
def test_what_is_found_is_worth_what_network_simplex_finds(seed: int) -> None:
    # Groups larger than those of test_random_groups, class by class.
    nx = pytest.importorskip("networkx")
    settled = random_group(seed)
    problem = problem_of(settled)
    total = int(problem.sizes.sum())
    heavy = total + 1  # one unit of imbalance outweighs every possible move
    graph = nx.MultiDiGraph()
    graph.add_node("sink", demand=total)
    for number, size in enumerate(problem.sizes.tolist()):
        graph.add_node(("class", number), demand=-size)
    most = problem.loads(problem.sizes[problem.edge_class]).tolist()
    for number, member, keep in zip(
        problem.edge_class.tolist(),
        problem.edge_member.tolist(),
        problem.keep.tolist(),
        strict=True,
    ):
        tail, head = ("class", number), ("member", member)
        graph.add_edge(tail, head, capacity=keep, weight=-1)
        graph.add_edge(tail, head, capacity=total, weight=0)
    for member, limit in enumerate(most):
        for load in range(limit):
            graph.add_edge(("member", member), "sink", capacity=1, weight=heavy * (2 * load + 1))
    cost, _ = nx.network_simplex(graph)
    kept = -cost % heavy

    solved = solve(settled, solver="own")

    loads = np.bincount(solved.owner, minlength=1)
    assert int((loads**2).sum()) == (cost + kept) // heavy
    assert solved.moves == int(problem.keep.sum()) - kept


@pytest.mark.parametrize("soft", [None, Soft(move=7)])
@pytest.mark.parametrize("seed", range(20))
def test_a_spent_budget_says_so_and_keeps_the_balance(seed: int, soft: Soft | None) -> None:
    settled = random_group(seed)
    best = solve(settled, soft=soft, solver="own")

    spent = solve(settled, soft=soft, solver="own", budget=0)

    assert spent.moves >= best.moves or soft is not None
    assert (spent.owner >= 0).all()
    if spent.proven:
        assert spent.moves == best.moves
    if soft is None:
        assert squares_of(spent.owner) == squares_of(best.owner)


def squares_of(owner: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> int:
    return int((np.bincount(owner) ** 2).sum())


def test_some_proofs_take_more_than_no_budget() -> None:
    groups = [random_group(seed) for seed in range(20)]
    assert not all(solve(each, solver="own", budget=0).proven for each in groups)


@SOLVERS
def test_a_chain_of_members_hands_partitions_along(solver: Solver) -> None:
    settled = chain(12, 40)

    loads = np.bincount(solve(settled, solver=solver).owner, minlength=12)

    assert sorted(loads.tolist()) == [*[1] * 9, 2, 20, 20]


@SOLVERS
def test_a_group_that_grew_tenfold(solver: Solver) -> None:
    # Nearly everything has to move; nothing more than that does.
    topics = [f"t{n}" for n in range(6)]
    cluster = ClusterMetadata(dict.fromkeys(topics, 30))
    group = {
        f"m{n:02}": Subscription(topics=[topics[n % 6], topics[(n + 1 + n // 6) % 6]])
        for n in range(20)
    }
    group["m00"] = Subscription(
        topics=topics, owned=PartitionSet(dict.fromkeys(topics, range(30))), generation_id=1
    )

    solved = solve(settle(cluster, group), solver=solver)

    assert np.bincount(solved.owner).tolist() == [9] * 20
    assert (solved.moves, solved.proven) == (171, True)


@SOLVERS
def test_soft_looks_beyond_what_is_owned_and_what_is_balanced(solver: Solver) -> None:
    # m1 must take in what m2 cannot, although both own and balance say less.
    kernel = made(OrToolsFlows if solver == "flow" else OwnFlows)
    problem = problem_of(chain(12, 40))
    levels = levels_of(problem, kernel)

    x, proven = softened(problem, Soft(move=5), levels, problem.keep, kernel)

    assert proven
    assert squares(problem, x) == levels.imbalance()


@SOLVERS
def test_members_without_partitions_take_no_part(solver: Solver) -> None:
    cluster = ClusterMetadata({"a": 3, "b": 2, "empty": 0})
    members = {
        "m1": Subscription(topics=["a", "b"]),
        "m2": Subscription(topics=["a"]),
        "m3": Subscription(topics=["empty", "unknown"]),
        "m4": Subscription(topics=[]),
    }

    solved = solve(settle(cluster, members), solver=solver)

    assert np.bincount(solved.owner, minlength=4).tolist()[2:] == [0, 0]
    assert solved.method == solver


def test_a_group_of_nothing() -> None:
    for members in ({}, {"m1": Subscription(topics=["a"])}):
        solved = solve(settle(ClusterMetadata({}), members))
        assert (solved.owner.size, solved.moves, solved.proven) == (0, 0, True)


def test_many_classes_are_told_apart() -> None:
    # More topics than 16 bits can number: another sort, the same answer.
    count = 2**15 + 5
    topics = [f"t{n:05}" for n in range(count)]
    cluster = ClusterMetadata(dict.fromkeys(topics, 1))
    members = {
        "m1": Subscription(topics=topics),
        "m2": Subscription(topics=topics[1:]),
        "m3": Subscription(topics=topics[2:]),
    }

    problem = problem_of(settle(cluster, members))
    solved = solve(settle(cluster, members), solver="own")

    assert problem.sizes.tolist() == [1, 1, count - 2]
    assert problem.edge_member.tolist() == [0, 0, 1, 0, 1, 2]
    assert sorted(np.bincount(solved.owner).tolist()) == [10924, 10924, 10925]
