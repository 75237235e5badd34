"""One consumer's membership, as far as kafka-python does not show it to an assignor.

kafka-python runs everything of a consumer on one loop, in a thread of its own: heartbeats, fetches,
and an assignor too. From JoinGroup until SyncGroup is answered it sends no heartbeat. So the plan
is made between the answer to JoinGroup and the moment when kafka-python asks for it: in a thread
(rebalance/clients/guard.py), with the loop alive and with metadata of all topics of the group,
which kafka-python itself does not wait for.

Rules kept here. M08: a member whose assignor fails sends no assignment, gives up what it owns,
leaves the group, so that the others go on, and raises the failure out of every later poll. M02:
what was lost is given up before the next JoinGroup, also when the loss is noticed while joining,
where kafka-python would go on claiming it. And an assignment that came between two polls is taken
by the next: kafka-python forgets it, and either joins once more, or, where only metadata had made
it join, owns nothing new and sends no heartbeat until it is expelled.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import kafka.errors
from kafka.coordinator.assignors.abstract import RebalanceProtocol as KafkaProtocol
from kafka.future import Future
from kafka.protocol.consumer import JoinGroupRequest, LeaveGroupRequest

from assignors.claims import Claim
from assignors.columns import subscribed_topics
from assignors.errors import AssignorError
from assignors.interface import Assignor, RebalanceProtocol
from assignors.model import PartitionSet
from rebalance.clients import wire
from rebalance.clients.guard import Guard, Replacement, Run, Worker
from rebalance.clients.kafka_python.errors import AssignmentFailedError, StrategyError
from rebalance.clients.kafka_python.listener import TraceListener
from rebalance.clients.kafka_python.private import require_consumer
from rebalance.clients.kafka_python.wire import (
    cluster_metadata,
    plain_metadata,
    raw_members,
    topics_of,
)

_log = logging.getLogger("rebalance.clients.kafka_python")

_METADATA_REQUESTS = 2  # the first may have been under way before we asked


class Seam:
    """What strategies bound to one consumer share. `check()` says whether there can be one."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self._coordinator: Any = consumer._coordinator
        self._state: Any = consumer._subscription
        self._claim = Claim()
        self._claimant = ""  # the member id under which the claim was earned
        self._worker = Worker(self._replaced)
        self._run: Run | None = None
        self._generation_id = -1  # of the run
        self._snapshot: Any = (
            None  # the metadata that the run was given, as kafka-python notes them
        )
        self._untaken: _Untaken | None = None
        self._failure: AssignmentFailedError | None = None
        self._hook()

    @staticmethod
    def check(consumer: Any) -> tuple[Any, ...]:
        """The assignors that this consumer was given.

        Raises StrategyError if it is no KafkaConsumer this adapter knows, or has no group.
        """
        require_consumer(consumer)
        if consumer.config["group_id"] is None:
            raise StrategyError(
                "the consumer has no group_id, so it never runs an assignor: give it one"
            )
        return tuple(consumer._coordinator._assignors.values())

    def enter(self) -> None:
        """Called first thing in each of kafka-python's calls.

        Raises StrategyError if it is another consumer that calls.
        """
        if threading.current_thread() is not self._coordinator._net._io_thread:
            raise StrategyError(
                "this strategy is bound to another consumer: make one strategy(...) for each "
                "consumer and bind it to that one"
            )

    def subscription_bytes(self, assignor: Assignor, topics: Iterable[str]) -> bytes:
        """What the member sends. Raises AssignorFailedError if the assignor's `user_data` does."""
        cooperates = self._cooperates
        return wire.subscription_bytes(
            assignor,
            topics,
            self._owns() if cooperates else self._held(),
            self.consumer.config["client_rack"] or None,
            protocol=RebalanceProtocol.COOPERATIVE if cooperates else RebalanceProtocol.EAGER,
        )

    def planned(self) -> dict[str, bytes]:
        """The plan of the generation that this member leads. Raises AssignorError."""
        assert self._run is not None, "kafka-python asks for a plan outside of a JoinGroup"
        return wire.assignment_bytes(self._run.answer())

    def assigned(self, partitions: PartitionSet, generation_id: int) -> None:
        """The member was assigned these, in that generation."""
        self._claim = Claim(partitions=partitions, generation_id=generation_id)
        self._claimant = self._coordinator._generation.member_id

    # --- what the member says of itself ----------------------------------------------------------

    @property
    def _cooperates(self) -> bool:
        return bool(self._coordinator._rebalance_protocol == KafkaProtocol.COOPERATIVE)

    def _owns(self) -> Claim:
        """What it owns as it joins, and the last generation it was in (KIP-429, KIP-792)."""
        return Claim(
            partitions=PartitionSet(self._state.assigned_partitions()),
            generation_id=self._coordinator._generation.generation_id,
        )

    def _held(self) -> Claim:
        """What it held until it joined, as long as the coordinator has known it ever since.

        From then on somebody else may own it, so the claim is dropped and not sent (M02).
        """
        generation = self._coordinator._generation
        if generation.is_lost() or generation.member_id != self._claimant:
            self._claim, self._claimant = Claim(), ""
        return self._claim

    # --- one JoinGroup and its SyncGroup ----------------------------------------------------------

    def _hook(self) -> None:
        coordinator = self._coordinator
        join_and_sync = coordinator._do_join_and_sync_async
        join_complete = coordinator._on_join_complete_async
        perform = coordinator._perform_assignment
        poll = coordinator.poll

        async def do_join_and_sync() -> Any:
            if self._failure is not None:  # a poll that had begun while it was failing
                raise self._failure
            coordinator.request_rejoin()  # until it is through, whatever made it join
            if (untaken := self._untaken) is not None and self._is_current(untaken):
                return untaken.assignment
            self._untaken = None
            try:
                await self._give_up_what_is_gone()
                assignment = await join_and_sync()
                self._untaken = _Untaken(assignment, coordinator._generation, time.monotonic())
                return assignment
            except StrategyError:
                raise
            except AssignorError as error:
                await self._end(error)
            finally:
                self._run = None
            assert self._failure is not None
            raise self._failure

        async def on_join_complete(*args: Any) -> None:
            self._untaken = None
            await join_complete(*args)

        def perform_assignment(leader_id: str, protocol_name: str, members: Any) -> Any:
            run = self._run
            if run is None:  # one of kafka-python's own assignors was elected
                return perform(leader_id, protocol_name, members)
            for member in members:  # kafka-python decodes them, and need not be able to
                member.metadata = plain_metadata(run.members[member.member_id].topics)
            plan = perform(leader_id, protocol_name, members)
            # The plan is of the metadata as they were then: newer ones must bring about a rejoin.
            coordinator._assignment_snapshot = self._snapshot
            return plan

        def poll_or_fail(*args: Any, **kwargs: Any) -> Any:
            if self._failure is not None:
                raise self._failure.with_traceback(None)  # polls may be many; it must not grow
            return poll(*args, **kwargs)

        coordinator._do_join_and_sync_async = do_join_and_sync
        coordinator._on_join_complete_async = on_join_complete
        coordinator._perform_assignment = perform_assignment
        coordinator.poll = poll_or_fail
        coordinator._manager = _Manager(coordinator._manager, self)

    def _is_current(self, untaken: "_Untaken") -> bool:
        """The coordinator cannot have given up on us yet, and we want what we wanted."""
        coordinator = self._coordinator
        age_ms = (time.monotonic() - untaken.since) * 1000
        return bool(
            coordinator._generation is untaken.generation
            and coordinator._joined_subscription == self._state.subscription
            and age_ms < self.consumer.config["session_timeout_ms"]
        )

    async def _give_up_what_is_gone(self) -> None:
        """M01, M02: kafka-python looks once, before the first JoinGroup of several."""
        if not self._cooperates:
            return
        coordinator, owned = self._coordinator, self._state.assigned_partitions()
        wanted = self._state.subscription or ()
        if owned and (
            coordinator._generation.is_lost() or any(each.topic not in wanted for each in owned)
        ):
            generation = coordinator._generation
            await coordinator._on_join_prepare_async(generation.generation_id, generation.member_id)

    async def lead(self, response: Any) -> None:
        """Make the plan of the generation of this JoinGroup response, if it is ours to make.

        Raises AssignorError if no member's subscription can be read.
        """
        strategy = self._coordinator._assignors.get(response.protocol_name)
        seam = getattr(strategy, "_seam", None)
        if seam is not self:
            return
        guard, assignor = strategy.guard, strategy.assignor
        config = self.consumer.config
        timeouts = config["session_timeout_ms"], config["max_poll_interval_ms"]
        raw = raw_members(response)
        members = wire.subscriptions(assignor, raw, lambda member_id: topics_of(raw, member_id))
        topics = [*subscribed_topics(members)]
        await self._know(topics, _deadline(Guard().limit_of(*timeouts)))
        coordinator = self._coordinator
        known = cluster_metadata(coordinator._cluster, topics)
        self._snapshot = coordinator._build_metadata_snapshot(self._state, coordinator._cluster)
        coordinator._metadata_snapshot = self._snapshot
        self._generation_id = response.generation_id
        limit_ms = guard.limit_of(*timeouts)
        self._run = self._worker.begin(guard, assignor, known, members, limit_ms=limit_ms)
        await self._over(self._run, _deadline(limit_ms))

    async def _know(self, topics: list[str], deadline: float) -> None:
        """Have metadata of all these topics, as far as they exist.

        kafka-python's leader assigns what it happens to know; a topic that only others subscribe
        to, or that it asked about a moment ago, would go to nobody.
        """
        coordinator, cluster = self._coordinator, self._coordinator._cluster
        self._state.group_subscribe(topics)
        cluster.set_topics(self._state.group_subscription())
        for _ in range(_METADATA_REQUESTS):
            if all(cluster.partitions_for_topic(topic) is not None for topic in topics):
                return
            try:
                await coordinator._manager.wait_for(cluster.request_update(), _left_ms(deadline))
            except kafka.errors.KafkaError as error:
                _log.debug("leader of group %s: no metadata: %s", coordinator.group_id, error)

    async def _over(self, run: Run, deadline: float) -> None:
        """Until the run is over, or the deadline has passed."""
        over = Future()

        def set_over() -> None:
            over.success(None)

        def wake() -> None:
            with contextlib.suppress(Exception):  # the loop is closed: nobody waits any more
                self._coordinator._net.call_soon_threadsafe(set_over)

        run.when_over(wake)
        with contextlib.suppress(kafka.errors.KafkaTimeoutError):
            await self._coordinator._manager.wait_for(over, _left_ms(deadline))

    def _replaced(self, replacement: Replacement) -> None:
        listener = self._state.rebalance_listener
        if isinstance(listener, TraceListener):
            listener.replaced(replacement, self._generation_id)

    # --- the end (M08) ---------------------------------------------------------------------------

    async def _end(self, error: AssignorError) -> None:
        """Give up what is owned, leave, and let no later poll join again."""
        coordinator = self._coordinator
        failure = AssignmentFailedError(f"{error}; this consumer has left the group")
        failure.__cause__ = error
        _log.error("group %s: %s", coordinator.group_id, failure, exc_info=failure)
        if self._state.partitions_auto_assigned():
            try:
                if self._cooperates:  # an eager member has revoked everything by now
                    await coordinator._on_close_prepare_async()
                self._state.assign_from_subscribed([])
            except kafka.errors.KafkaError as raised:  # by the user's listener; it is logged
                _log.warning("group %s: the listener failed: %s", coordinator.group_id, raised)
        coordinator.config["enable_auto_commit"] = False  # not a member: nothing to commit
        await self._leave()
        self._failure = failure
        listener = self._state.rebalance_listener
        if isinstance(listener, TraceListener):
            listener.failed(failure)

    async def _leave(self) -> None:
        """Static members too: one that is gone for good must not hold its partitions."""
        coordinator = self._coordinator
        member_id = coordinator._manager.member_id or coordinator._generation.member_id
        if member_id:
            instance_id = coordinator.group_instance_id
            identity = LeaveGroupRequest.MemberIdentity(
                member_id=member_id, group_instance_id=instance_id, reason="the assignor failed"
            )
            request = LeaveGroupRequest(
                group_id=coordinator.group_id, member_id=member_id, members=[identity]
            )
            try:
                await coordinator._manager.send(request, node_id=coordinator.coordinator_id)
            except Exception as error:  # whatever it is, our user is to be told of the failure
                _log.warning("group %s: cannot leave: %s", coordinator.group_id, error)
        coordinator.reset_generation()


class _Untaken(NamedTuple):
    """What SyncGroup brought, in which of kafka-python's generations, when (monotonic seconds)."""

    assignment: Any
    generation: Any
    since: float


def _deadline(limit_ms: float) -> float:
    return time.monotonic() + limit_ms / 1000


def _left_ms(deadline: float) -> float:
    return max(0.0, (deadline - time.monotonic()) * 1000)


class _Manager:
    """kafka-python's connection manager, as the coordinator of one consumer uses it.

    It holds back the answer to JoinGroup until there is a plan: the one place between that answer
    and kafka-python's call of the assignor where one can wait.
    """

    def __init__(self, manager: Any, seam: Seam) -> None:
        self._manager = manager
        self._seam = seam
        self.member_id = ""  # as the last JoinGroup was answered; kafka-python knows it later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def send(self, request: Any, **options: Any) -> Any:
        sent = self._manager.send(request, **options)
        return self._join(sent) if isinstance(request, JoinGroupRequest) else sent

    async def _join(self, sent: Any) -> Any:
        response = await sent
        if response.error_code == 0:
            self.member_id = response.member_id
            if response.leader == response.member_id:
                await self._seam.lead(response)
        return response
