"""Balance and moves against networkx, on groups too large for brute force."""

from __future__ import annotations

from random import Random

import pytest

from assignors.balance import balanced
from assignors.claims import settle
from assignors.classes import Problem, problem_of
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.moves import lost, spare_moves

nx = pytest.importorskip("networkx")


def random_problem(seed: int) -> Problem:
    """Topics of skewed sizes, random subscriptions, an unbalanced past."""
    random = Random(seed)
    topics = [f"t{n}" for n in range(random.randint(2, 8))]
    cluster = ClusterMetadata({topic: random.choice([1, 2, 5, 13]) for topic in topics})
    members = {
        f"m{n}": random.sample(topics, random.randint(1, min(4, len(topics))))
        for n in range(random.randint(2, 9))
    }
    owned: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
    for topic, count in cluster.partitions.items():
        subscribers = [m for m, names in members.items() if topic in names][:3]
        for partition in range(count):
            if subscribers and random.random() < 0.9:
                owned[random.choice(subscribers)].append((topic, partition))
    group = {
        m: Subscription(topics=names, owned=PartitionSet(owned[m]), generation_id=1)
        for m, names in members.items()
    }
    return problem_of(settle(cluster, group))


def optimum(problem: Problem) -> tuple[int, int]:
    """Least sum of squared loads and the fewest moves with it, by network simplex."""
    total = int(problem.sizes.sum())
    heavy = total + 1  # one unit of imbalance outweighs every possible move
    graph = nx.MultiDiGraph()
    graph.add_node("sink", demand=total)
    for number, size in enumerate(problem.sizes.tolist()):
        graph.add_node(("class", number), demand=-size)
    edges = zip(problem.edge_class, problem.edge_member, problem.keep, strict=True)
    for number, member, keep in edges:
        tail, head = ("class", int(number)), ("member", int(member))
        graph.add_edge(tail, head, capacity=int(keep), weight=-1)
        graph.add_edge(tail, head, capacity=total, weight=0)
    for member in range(problem.members):
        for load in range(total):
            graph.add_edge(("member", member), "sink", capacity=1, weight=heavy * (2 * load + 1))
    cost, _ = nx.network_simplex(graph)
    kept = -cost % heavy
    return (cost + kept) // heavy, int(problem.keep.sum()) - kept


@pytest.mark.parametrize("seed", range(40))
def test_equals_network_simplex(seed: int) -> None:
    problem = random_problem(seed)

    x = balanced(problem)
    least = int((problem.loads(x) ** 2).sum())
    proven = spare_moves(problem, x)

    assert proven
    assert (x >= 0).all()
    assert int((problem.loads(x) ** 2).sum()) == least
    assert (least, lost(problem, x)) == optimum(problem)


@pytest.mark.parametrize("seed", range(5))
def test_a_spent_budget_says_so_and_spoils_nothing(seed: int) -> None:
    problem = random_problem(seed)
    x = balanced(problem)
    before = sorted(problem.loads(x).tolist())

    proven = spare_moves(problem, x, budget=1)

    assert proven == (lost(problem, x) == 0)
    assert sorted(problem.loads(x).tolist()) == before


def test_a_chain_of_members_hands_partitions_along() -> None:
    # m0 is subscribed to t0, m1 to t0 and t1, ... and everything is at one end.
    length = 12
    cluster = ClusterMetadata({f"t{n}": 1 if n else 40 for n in range(length)})
    group = {
        f"m{n:02}": Subscription(topics=[f"t{n}", f"t{n - 1}"] if n else ["t0"])
        for n in range(length)
    }
    problem = problem_of(settle(cluster, group))

    x = balanced(problem)

    assert sorted(problem.loads(x).tolist()) == [*[1] * 9, 2, 20, 20]


def test_a_group_that_grew_tenfold() -> None:
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
    problem = problem_of(settle(cluster, group))

    x = balanced(problem)
    proven = spare_moves(problem, x)

    assert proven
    assert (int((problem.loads(x) ** 2).sum()), lost(problem, x)) == optimum(problem)
    assert set(problem.loads(x).tolist()) == {9}
    assert lost(problem, x) == 171
