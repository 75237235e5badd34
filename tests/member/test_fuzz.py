"""What must hold for a member whatever a coordinator, a driver and a clock do to it.

Answers of every kind: right ones, every error code, garbage bytes, none at all, late ones. After
every step: it did not raise, one request of a kind at most is out, what it claims is what it owns,
and it waits for something or is at rest. At the end: given good answers it gets where it wants to
be, closes, and a second member told the same says the same.
"""

from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assignors.codec import (
    CodecError,
    decode_assignment,
    decode_subscription,
    encode_assignment,
)
from assignors.cooperative import Cooperative
from assignors.interface import RebalanceProtocol
from assignors.model import (
    GroupAssignment,
    PartitionSet,
    TopicPartition,
)
from assignors.range import RangeAssignor
from rebalance.member import ClassicMember, MemberConfig
from rebalance.member import events as e
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    MetadataRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    JoinedMember,
    JoinGroupResponse,
    Response,
    SyncGroupResponse,
)
from rebalance.protocol.states import MEMBER_TRANSITIONS, MemberState
from tests.member.answers import TOPICS, drawn_response, good_response, partition_sets
from tests.member.hand import Both, Eager

AT_REST = frozenset(
    {MemberState.UNSUBSCRIBED, MemberState.STALE, MemberState.FAILED, MemberState.STOPPED}
)


class Machine(RuleBasedStateMachine):
    """A member under fire; `seen` collects the transitions it made."""

    seen: ClassVar[set[tuple[MemberState, MemberState]]] = set()

    @initialize(
        cooperative=st.booleans(),
        static=st.booleans(),
        auto_commit=st.booleans(),
        backoff=st.sampled_from([0, 100]),
        ahead=st.integers(0, 12),
    )
    def begin(
        self, cooperative: bool, static: bool, auto_commit: bool, backoff: int, ahead: int
    ) -> None:
        self.config = MemberConfig(
            group_id="g",
            group_instance_id="i" if static else None,
            enable_auto_commit=auto_commit,
            session_timeout_ms=9000,
            max_poll_interval_ms=20_000,
            retry_backoff_ms=backoff,
            metadata_max_age_ms=15_000,
        )
        self.assignors = [Both() if cooperative else Eager()]
        self.member = ClassicMember(self.config, self.assignors)
        self.now = 0
        self.told: list[tuple[e.MemberEvent | None, int]] = []
        self.said: list[tuple[e.MemberEffect, ...]] = []
        self.pending: dict[int, e.MemberEffect] = {}
        self.old_sends: list[e.Send] = []
        self.owned = PartitionSet()
        self.let_go = PartitionSet()
        """Revoked, but nobody else can have it before the member joins or leaves."""
        self.state = MemberState.UNSUBSCRIBED
        self.commits_open: set[int] = set()
        self.commit_ids = 0
        self.generation = 0
        self.ended = False
        self.tell(e.Subscribe(topics=("t",)))
        self._until(MemberState.STABLE, ahead)

    # --- carrying out ----------------------------------------------------------------------------

    def tell(self, event: e.MemberEvent | None) -> None:
        """None: time has passed."""
        self.told.append((event, self.now))
        revoked = self._revoked_by(event)
        member = self.member
        effects = member.advance(self.now) if event is None else member.handle(event, self.now)
        self.said.append(effects)
        self.owned -= revoked
        self.let_go |= revoked
        for effect in effects:
            self._note(effect)
        waiting = set(member.waiting_for)
        self.old_sends += [
            x for t, x in self.pending.items() if t not in waiting and isinstance(x, e.Send)
        ]
        self.pending = {t: x for t, x in self.pending.items() if t in waiting}

    def _revoked_by(self, event: e.MemberEvent | None) -> PartitionSet:
        if isinstance(event, e.CallbackDone):
            call = self.pending.get(event.token)
            if isinstance(call, e.Revoke):
                return call.partitions
        return PartitionSet()

    def _note(self, effect: e.MemberEffect) -> None:
        assert self.state is not MemberState.STOPPED or isinstance(effect, e.CommitFinished)
        match effect:
            case e.MemberStateChanged():
                assert effect.previous is self.state
                assert effect.state in MEMBER_TRANSITIONS[self.state]
                self.state = effect.state
                self.seen.add((effect.previous, effect.state))
            case e.Send():
                self.pending[effect.token] = effect
                self._check_request(effect)
            case e.Assign():
                assert self.owned.isdisjoint(effect.partitions)
                self.owned |= effect.partitions
                self.pending[effect.token] = effect
            case e.Lose():
                assert effect.partitions
                assert effect.partitions == self.owned
                self.owned = self.let_go = PartitionSet()
                self.pending[effect.token] = effect
            case e.Revoke():
                assert effect.partitions
                assert effect.partitions <= self.owned
                self.pending[effect.token] = effect
            case e.TakePositions() | e.RunAssignor():
                self.pending[effect.token] = effect
            case e.CommitFinished():
                self.commits_open.remove(effect.commit_id)
            case _:
                pass

    def _check_request(self, send: e.Send) -> None:
        anywhere = isinstance(send.request, FindCoordinatorRequest | MetadataRequest)
        assert (send.node_id == -1) is anywhere
        match send.request:
            case JoinGroupRequest(protocols=protocols, member_id=member_id):
                claims = decode_subscription(protocols[0].metadata)
                assert claims.owned == self.owned, "a claim is what is owned, never more"
                assert not claims.owned or claims.generation_id >= 0
                assert not claims.owned or member_id
                assert set(claims.owned.topics) <= set(claims.topics)
                if self.member.protocol is RebalanceProtocol.EAGER:
                    assert not claims.owned
                self.let_go = PartitionSet()
            case SyncGroupRequest() as request:
                assert request.generation_id >= 0
                assert request.member_id
                given = [decode_assignment(a.assignment).partitions for a in request.assignments]
                every = [each for partitions in given for each in partitions]
                assert len(every) == len(set(every)), "whatever the plan was"
            case HeartbeatRequest() as request:
                assert request.generation_id >= 0
                assert request.member_id
            case OffsetCommitRequest() as request:
                assert request.generation_id >= 0
                may = self.owned | self.let_go
                assert all(each.partition in may for each in request.offsets)
            case LeaveGroupRequest():
                self.let_go = PartitionSet()
                assert self.config.group_instance_id is None
            case _:
                pass

    # --- rules: the world ------------------------------------------------------------------------

    @rule(data=st.data())
    @precondition(lambda self: self.pending)
    def something_comes_back(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.pending)))
        self.tell(self._outcome(data, token, self.pending[token]))

    @rule(data=st.data())
    @precondition(lambda self: self.pending)
    def the_good_answer_comes_back(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.pending)))
        self.tell(self._good(token, self.pending[token]))

    @rule(steps=st.integers(1, 25))
    def things_go_well_for_a_while(self, steps: int) -> None:
        """Without it hardly any run would get as far as owning something."""
        self._until(MemberState.STABLE, steps)

    @rule(data=st.data())
    @precondition(lambda self: self.old_sends)
    def a_late_answer_comes_back(self, data: st.DataObject) -> None:
        send = data.draw(st.sampled_from(self.old_sends))
        self.tell(e.Answered(token=send.token, response=drawn_response(data, send.request)))
        assert self.said[-1] == () or self.member.waiting_for is not None

    @rule(ms=st.integers(0, 12_000))
    def time_passes(self, ms: int) -> None:
        self.now += ms
        self.tell(None)

    @rule()
    def the_next_deadline_comes(self) -> None:
        deadline = self.member.next_deadline()
        if deadline is not None:
            self.now = max(self.now, deadline)
            self.tell(None)

    def _outcome(self, data: st.DataObject, token: int, asked: e.MemberEffect) -> e.MemberEvent:
        match asked:
            case e.Send():
                if data.draw(st.integers(0, 9)) == 0:
                    return e.Unanswered(token=token)
                return e.Answered(token=token, response=drawn_response(data, asked.request))
            case e.TakePositions():
                several = st.dictionaries(st.sampled_from(TOPICS), st.integers(-1, 9))
                offsets = {TopicPartition(t, 0): at for t, at in data.draw(several).items()}
                return e.PositionsTaken(token=token, offsets=offsets)
            case e.RunAssignor():
                if (luck := data.draw(st.integers(0, 5))) == 0:
                    return e.AssignorFailed(token=token, error=RuntimeError("no"))
                if luck > 1:
                    return self._good(token, asked)
                plan = {member: data.draw(partition_sets) for member in asked.members}
                return e.AssignorDone(token=token, assignment=GroupAssignment(plan))
            case _:
                error = data.draw(st.sampled_from([None, ValueError("no")]))
                return e.CallbackDone(token=token, error=error)

    # --- rules: the user -------------------------------------------------------------------------

    @rule()
    def poll(self) -> None:
        self.tell(e.Polled())

    @rule(topics=st.lists(st.sampled_from(TOPICS), max_size=2))
    @precondition(lambda self: not self.ended and self.state is not MemberState.FAILED)
    def subscribe(self, topics: list[str]) -> None:
        self.tell(e.Subscribe(topics=tuple(topics)))

    @rule()
    @precondition(
        lambda self: not self.ended and self.state is not MemberState.FAILED and self.member.topics
    )
    def enforce(self) -> None:
        self.tell(e.EnforceRebalance(reason="x" * 300))

    @rule()
    def unsubscribe(self) -> None:
        self.tell(e.Unsubscribe())

    @rule(really=st.integers(0, 4))
    def close(self, really: int) -> None:
        if really == 0:
            self.ended = True
            self.tell(e.Close())

    @rule(partitions=partition_sets, offset=st.integers(0, 9))
    def commit(self, partitions: PartitionSet, offset: int) -> None:
        self.commit_ids += 1
        self.commits_open.add(self.commit_ids)
        offsets = dict.fromkeys(partitions, offset)
        self.tell(e.CommitOffsets(commit_id=self.commit_ids, offsets=offsets))

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    def one_request_of_a_kind(self) -> None:
        if hasattr(self, "member"):
            kinds = [type(x.request) for x in self.pending.values() if isinstance(x, e.Send)]
            assert len(kinds) == len(set(kinds))

    @invariant()
    def one_listener_call(self) -> None:
        if hasattr(self, "member"):
            calls = [
                x for x in self.pending.values() if isinstance(x, e.Revoke | e.Assign | e.Lose)
            ]
            assert len(calls) <= 1

    @invariant()
    def views_agree(self) -> None:
        if hasattr(self, "member"):
            assert self.member.owned == self.owned
            assert self.member.state is self.state
            assert set(self.member.waiting_for) == set(self.pending)

    @invariant()
    def it_waits_or_rests(self) -> None:
        if hasattr(self, "member"):
            deadline = self.member.next_deadline()
            assert deadline is not None or self.pending or self.state in AT_REST
            if self.state is MemberState.STOPPED:
                assert not self.owned

    # --- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "member"):
            return
        if not self.ended and self.state is not MemberState.FAILED:
            self.tell(e.Subscribe(topics=TOPICS))
            self._until(MemberState.STABLE)
            assert self.state in (MemberState.STABLE, MemberState.FAILED), self.state
        self.ended = True
        self.tell(e.Close())
        self._until(MemberState.STOPPED)
        assert self.state is MemberState.STOPPED
        self._until(None)
        assert not self.commits_open
        assert self.member.next_deadline() is None
        self._replay()

    def _until(self, state: MemberState | None, steps: int = 300) -> None:
        """Everything goes well, for so many steps or until it is in `state`."""
        for _ in range(steps):
            if self.state is state:
                return
            if self.state is MemberState.STALE:
                self.tell(e.Polled())
            if self.pending:
                token = min(self.pending)
                self.tell(self._good(token, self.pending[token]))
            elif (deadline := self.member.next_deadline()) is not None:
                self.now = max(self.now, deadline)
                self.tell(None)
            elif self.state is not MemberState.STALE:
                return

    def _good(self, token: int, asked: e.MemberEffect) -> e.MemberEvent:
        match asked:
            case e.Send():
                return e.Answered(token=token, response=self._good_response(asked.request))
            case e.TakePositions():
                offsets = dict.fromkeys(asked.partitions, 5)
                return e.PositionsTaken(token=token, offsets=offsets)
            case e.RunAssignor():
                # Under the cooperative protocol what is claimed is withheld.
                best = Cooperative(RangeAssignor())
                eager = self.member.protocol is RebalanceProtocol.EAGER
                plan = (best.inner if eager else best).assign(asked.cluster, asked.members)
                return e.AssignorDone(token=token, assignment=GroupAssignment(plan))
            case _:
                return e.CallbackDone(token=token)

    def _good_response(self, request: Any) -> Response:
        match request:
            case JoinGroupRequest():
                self.generation += 1
                me = request.member_id or "m-1"
                joined = JoinedMember(member_id=me, metadata=request.protocols[0].metadata)
                return JoinGroupResponse(
                    generation_id=self.generation,
                    protocol_name="hand",
                    leader=me if self.generation % 2 else "somebody",
                    member_id=me,
                    members=(joined,) if self.generation % 2 else (),
                )
            case SyncGroupRequest():
                topics = self.member.topics[:1]
                mine = PartitionSet({topic: range(2) for topic in topics})
                return SyncGroupResponse(assignment=encode_assignment(mine | self.owned))
        return good_response(request)

    def _replay(self) -> None:
        twin = ClassicMember(self.config, self.assignors)
        for (event, now), said in zip(self.told, self.said, strict=True):
            again = twin.advance(now) if event is None else twin.handle(event, now)
            assert again == said


TestFuzz = Machine.TestCase
TestFuzz.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


def test_garbage_is_garbage() -> None:
    """The strategy means what it says: most of it cannot be read."""
    try:
        decode_subscription(b"\x00")
    except CodecError:
        return
    raise AssertionError("one byte was read as a subscription")
