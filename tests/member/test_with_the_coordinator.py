"""Members and the real coordinator in memory: whole stories, and what must hold in each of them.

Nothing is imitated: the machines talk to each other, every listener and assignor answers at once.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count

import pytest

from assignors.cooperative import CooperativeStickyAssignor
from assignors.interface import Assignor, AssignorError, run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.range import RangeAssignor
from rebalance.coordinator import GroupCoordinator
from rebalance.member import ClassicMember, MemberConfig
from rebalance.member import events as e
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Append, Appended, Received, Reply
from rebalance.protocol.requests import FindCoordinatorRequest, MetadataRequest
from rebalance.protocol.responses import FindCoordinatorResponse, MetadataResponse
from rebalance.protocol.states import GroupState, MemberState


class Town:
    """One coordinator, some members, one clock."""

    def __init__(self, cooperative: bool, **topics: int) -> None:
        numbers = count(1)
        config = CoordinatorConfig(group_initial_rebalance_delay_ms=100)
        self.coordinator = GroupCoordinator(config, lambda: str(next(numbers)))
        self.cooperative = cooperative
        self.topics = topics
        self.now = 0
        self.members: dict[str, ClassicMember] = {}
        self.silent: set[str] = set()
        self.zombies: set[str] = set()
        """Expired without knowing: what they believe is not counted until they lose it (I01)."""
        self.log: list[tuple[str, e.MemberEffect]] = []
        self._todo: deque[tuple[str, object]] = deque()

    def assignors(self) -> Sequence[Assignor]:
        return [CooperativeStickyAssignor() if self.cooperative else RangeAssignor()]

    def start(self, name: str, **settings: object) -> ClassicMember:
        settings = {"group_id": "g", "client_id": name, "heartbeat_interval_ms": 1000, **settings}
        member = ClassicMember(MemberConfig(**settings), self.assignors())  # type: ignore[arg-type]
        self.members[name] = member
        self.tell(name, e.Subscribe(topics=tuple(self.topics)))
        return member

    def tell(self, name: str, event: e.MemberEvent) -> None:
        self._carry(name, self.members[name].handle(event, self.now))
        self._work()

    def wait(self, ms: int) -> None:
        """Everybody who is not silent polls all the time."""
        until = self.now + ms
        while True:
            machines = [self.coordinator, *(self.members[n] for n in self._awake())]
            deadlines = [d for m in machines if (d := m.next_deadline()) is not None]
            if not deadlines or min(deadlines) > until:
                break
            self.now = max(self.now, min(deadlines))
            self._todo.extend(("", effect) for effect in self.coordinator.advance(self.now))
            for name in self._awake():
                self._carry(name, self.members[name].handle(e.Polled(), self.now))
                self._carry(name, self.members[name].advance(self.now))
            self._work()
        self.now = until

    def _awake(self) -> list[str]:
        return [name for name in self.members if name not in self.silent]

    def _carry(self, name: str, effects: Sequence[object]) -> None:
        self._todo.extend((name, effect) for effect in effects)

    def _work(self) -> None:
        while self._todo:
            name, effect = self._todo.popleft()
            if isinstance(effect, Append):
                done = Appended(token=effect.token)
                self._carry("", self.coordinator.handle(done, self.now))
            elif isinstance(effect, Reply):
                owner, token = effect.token  # type: ignore[misc]
                answer = e.Answered(token=token, response=effect.response)
                if owner not in self.silent:
                    self._carry(owner, self.members[owner].handle(answer, self.now))
            elif name:
                self.log.append((name, effect))  # type: ignore[arg-type]
                self._member_says(name, effect)
                self._nobody_owns_what_another_owns()

    def _member_says(self, name: str, effect: object) -> None:
        member, now = self.members[name], self.now
        match effect:
            case e.Send(request=FindCoordinatorRequest()):
                found = FindCoordinatorResponse(node_id=1)
                event: e.MemberEvent = e.Answered(token=effect.token, response=found)
            case e.Send(request=MetadataRequest()):
                seen = MetadataResponse(cluster=ClusterMetadata(self.topics))
                event = e.Answered(token=effect.token, response=seen)
            case e.Send():
                received = Received(token=(name, effect.token), request=effect.request)  # type: ignore[arg-type]
                self._carry("", self.coordinator.handle(received, now))
                return
            case e.RunAssignor():
                try:
                    plan = run_assignor(effect.assignor, effect.cluster, effect.members)
                except AssignorError as error:
                    event = e.AssignorFailed(token=effect.token, error=error)
                else:
                    event = e.AssignorDone(token=effect.token, assignment=plan)
            case e.TakePositions():
                offsets = dict.fromkeys(effect.partitions, now)
                event = e.PositionsTaken(token=effect.token, offsets=offsets)
            case e.Lose():
                self.zombies.discard(name)
                event = e.CallbackDone(token=effect.token)
            case e.Revoke() | e.Assign():
                event = e.CallbackDone(token=effect.token)
            case _:
                return
        self._carry(name, member.handle(event, now))

    def _nobody_owns_what_another_owns(self) -> None:
        """I01, among the members that can be heard."""
        counted = [name for name in self._awake() if name not in self.zombies]
        owned = [self.members[name].owned for name in counted]
        assert sum(len(each) for each in owned) == len(union(owned))

    def stable(self) -> None:
        """I05: everybody is settled, everything is owned."""
        group = self.coordinator.group("g")
        assert group is not None
        assert group.state is GroupState.STABLE
        running = [self.members[n] for n in self._awake() if self.members[n].topics]
        assert {m.state for m in running} == {MemberState.STABLE}
        assert {m.generation_id for m in running} == {group.generation_id}
        assert union(m.owned for m in running) == PartitionSet(
            {topic: range(n) for topic, n in self.topics.items()}
        )

    def calls(self, name: str) -> list[object]:
        """What the listener of a member was told, as (call, partitions)."""
        return [
            (type(effect).__name__, effect.partitions)
            for who, effect in self.log
            if who == name and isinstance(effect, e.Assign | e.Revoke | e.Lose)
        ]


def union(sets: object) -> PartitionSet:
    total = PartitionSet()
    for each in sets:  # type: ignore[attr-defined]
        total |= each
    return total


@pytest.fixture(params=[False, True], ids=["eager", "cooperative"])
def town(request: pytest.FixtureRequest) -> Town:
    """Two topics, one after the other protocol."""
    return Town(request.param, t=4, u=3)


def test_members_join_one_after_the_other_and_leave(town: Town) -> None:
    for name in ("a", "b", "c"):
        town.start(name)
        town.wait(10_000)
        town.stable()
    for name in ("a", "c"):
        town.tell(name, e.Close())
        town.wait(10_000)
        assert town.members[name].state is MemberState.STOPPED
        town.stable()
    town.tell("b", e.Close())
    group = town.coordinator.group("g")
    assert group is not None
    assert group.state is GroupState.EMPTY


def test_m01_a_cooperative_member_gives_up_only_what_moves() -> None:
    town = Town(True, t=4)
    town.start("a")
    town.wait(5000)
    town.start("b")
    town.wait(10_000)
    town.stable()
    assert len(town.members["a"].owned) == len(town.members["b"].owned) == 2
    moved = [partitions for call, partitions in town.calls("a") if call == "Revoke"]  # type: ignore[misc]
    assert moved == [town.members["b"].owned]


def test_m01_an_eager_member_gives_up_everything() -> None:
    town = Town(False, t=4)
    town.start("a")
    town.wait(5000)
    town.start("b")
    town.wait(10_000)
    town.stable()
    revoked = [partitions for call, partitions in town.calls("a") if call == "Revoke"]  # type: ignore[misc]
    assert revoked == [PartitionSet({"t": range(4)})]


class Keeps:
    """An author's assignor: who had a partition keeps it, what nobody had goes to the last member.

    Eager, and without user data of its own.
    """

    name = "keeps"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> Mapping[str, PartitionSet]:
        every = PartitionSet({topic: range(n) for topic, n in cluster.partitions.items()})
        plan = {member: each.owned for member, each in members.items()}
        plan[max(plan)] |= every - union(plan.values())
        return plan


def test_m01_an_eager_members_claim_gets_to_an_authors_assignor() -> None:
    town = Town(False, t=4)
    town.assignors = lambda: [Keeps()]  # type: ignore[method-assign]
    town.start("a")
    town.wait(5000)
    town.start("b")
    town.wait(10_000)
    town.stable()
    assert len(town.members["a"].owned) == 4, "it gave them up, joined and got them back"
    town.topics["t"] = 6
    town.tell("a", e.EnforceRebalance())
    town.wait(10_000)
    town.stable()
    assert town.members["b"].owned == PartitionSet({"t": [4, 5]})


def test_m02_a_member_that_slept_too_long_loses_everything_and_comes_back(town: Town) -> None:
    town.start("a", session_timeout_ms=6000)
    town.start("b", session_timeout_ms=6000)
    town.wait(10_000)
    slept = town.members["a"].owned
    assert slept
    town.silent.add("a")
    town.wait(20_000)
    town.stable()
    assert town.members["a"].owned == slept, "it knows of nothing"
    town.silent.clear()
    town.zombies.add("a")
    town.wait(0)
    assert town.calls("a")[-1] == ("Lose", slept), "at its first answer"
    town.wait(10_000)
    town.stable()
    assert town.members["a"].owned


def test_a_static_member_comes_back_without_a_rebalance(town: Town) -> None:
    town.start("a", group_instance_id="i-a")
    town.start("b", group_instance_id="i-b")
    town.wait(10_000)
    town.stable()
    generation, owned = town.members["a"].generation_id, town.members["b"].owned
    town.tell("b", e.Close())
    town.start("b", group_instance_id="i-b")
    town.wait(10_000)
    town.stable()
    assert town.members["b"].owned == owned
    assert town.members["a"].generation_id == generation


def test_m08_a_leader_whose_assignor_fails_leaves_the_others_alone(town: Town) -> None:
    class Broken:
        name = town.assignors()[0].name

        def assign(self, cluster: object, members: object) -> dict[str, list[tuple[str, int]]]:
            raise ValueError("boom")

    config = MemberConfig(group_id="g", client_id="bad")
    town.members["bad"] = ClassicMember(config, [Broken()])
    town.tell("bad", e.Subscribe(topics=("t", "u")))
    town.start("good")
    town.wait(20_000)
    assert town.members["bad"].state is MemberState.FAILED
    del town.members["bad"]
    town.stable()


def test_new_partitions_are_noticed_by_the_leader(town: Town) -> None:
    for name in ("a", "b"):
        town.start(name, metadata_max_age_ms=5000)
    town.wait(10_000)
    town.topics["t"] = 9
    town.wait(15_000)
    town.stable()
    owned = town.members["a"].owned | town.members["b"].owned
    assert owned & PartitionSet({"t": range(9)}) == PartitionSet({"t": range(9)})


def test_changing_subscriptions_move_everything_to_who_wants_it(town: Town) -> None:
    for name in ("a", "b"):
        town.start(name)
    town.wait(10_000)
    town.tell("a", e.Subscribe(topics=("t",)))
    town.wait(10_000)
    town.tell("b", e.Subscribe(topics=("u",)))
    town.wait(10_000)
    town.stable()
    assert town.members["a"].owned == PartitionSet({"t": range(4)})
    assert town.members["b"].owned == PartitionSet({"u": range(3)})


def test_unsubscribing_and_coming_back(town: Town) -> None:
    for name in ("a", "b"):
        town.start(name)
    town.wait(10_000)
    town.tell("a", e.Unsubscribe())
    town.wait(10_000)
    town.stable()
    assert town.members["a"].state is MemberState.UNSUBSCRIBED
    town.tell("a", e.Subscribe(topics=("t", "u")))
    town.wait(10_000)
    town.stable()
    assert town.members["a"].owned
