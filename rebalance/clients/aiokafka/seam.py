"""One consumer's membership, as far as aiokafka does not show it to an assignor.

These live here, because they belong to a consumer and not to an assignor: what the consumer held
and in which generation, the raw bytes of a JoinGroup response, the worker that runs the assignor,
and how the membership ends when an assignor fails. The rule kept here (M08): a member whose
assignor fails sends no assignment, leaves the group, so that the others go on, and raises the
failure out of every later poll; it never tries again by itself.

aiokafka calls `assign` on the event loop and wants its plan at once. So the first call is answered
with `NotPlannedError`: the plan is made in a thread while the loop lives, and aiokafka is made to
ask again, with the metadata as they are by then.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any, NoReturn

from aiokafka.protocol.group import LeaveGroupRequest

from assignors.claims import Claim
from assignors.errors import AssignorError
from assignors.interface import Assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.clients import wire
from rebalance.clients.aiokafka.errors import AssignmentFailedError, StrategyError
from rebalance.clients.aiokafka.listener import TraceListener
from rebalance.clients.aiokafka.private import coordinator_of, fetcher_of, require_consumer
from rebalance.clients.aiokafka.wire import raw_members
from rebalance.clients.guard import Guard, Replacement, Run, Worker
from rebalance.clients.wire import RawMembers

_log = logging.getLogger("rebalance.clients.aiokafka")


class NotPlannedError(Exception):
    """`assign` was called before there is a plan for this: make one, then call again."""

    def __init__(
        self,
        guard: Guard,
        assignor: Assignor,
        cluster: ClusterMetadata,
        members: Mapping[str, Subscription],
    ) -> None:
        super().__init__(assignor.name)
        self.guard = guard
        self.assignor = assignor
        self.cluster = cluster
        self.members = members


class Seam:
    """What strategies bound to one consumer share.

    Raises StrategyError if it is not an AIOKafkaConsumer this adapter knows, or has no group.
    """

    def __init__(self, consumer: Any) -> None:
        self.consumer = require_consumer(consumer)
        if consumer._group_id is None:
            raise StrategyError(
                "the consumer has no group_id, so it never runs an assignor: give it one"
            )
        self._raw_members: RawMembers = {}
        self._members: Mapping[str, Subscription] | None = None
        self._worker = Worker(self._replaced)
        self._run: Run | None = None
        self._coordinator: Any = None
        self._claim = Claim()
        self._claimant = ""  # the member id under which the claim was earned
        self._failure: AssignmentFailedError | None = None
        self._left = False  # what has failed is told once the group is left

    @property
    def rack_id(self) -> str | None:
        """The consumer's `client_rack`."""
        rack: str | None = self.consumer._client_rack
        return rack

    def enter(self) -> None:
        """Called first thing in each of aiokafka's calls; hooks the coordinator when it is new.

        Raises StrategyError if it is another consumer that calls.
        """
        coordinator = coordinator_of(self.consumer)
        if coordinator is None or coordinator._coordination_task is not asyncio.current_task():
            raise StrategyError(
                "this strategy is bound to another consumer: make one strategy(...) for each "
                "consumer and bind it to that one"
            )
        if self._coordinator is not coordinator:
            self._coordinator = coordinator
            self._hook(coordinator)

    def claim(self) -> Claim:
        """What this member held and when, as long as the coordinator has known it ever since.

        aiokafka forgets its member id whenever it learns that the coordinator forgot it (session
        expired, generation refused, poll interval exceeded). From then on somebody else may own
        what was held, so the claim is dropped and not sent (M02).
        """
        if self._coordinator.member_id != self._claimant:
            self._claim, self._claimant = Claim(), ""
        return self._claim

    def assigned(self, partitions: PartitionSet) -> None:
        """The member holds these from now on, in the coordinator's current generation."""
        self._claim = Claim(partitions=partitions, generation_id=self._coordinator.generation)
        self._claimant = self._coordinator.member_id

    def members(self, assignor: Assignor, decoded: Mapping[str, Any]) -> Mapping[str, Subscription]:
        """What all members sent, read once for each JoinGroup response.

        `decoded` is what aiokafka made of it. Raises AssignorError if it cannot be read.
        """
        if self._members is None:
            self._members = wire.subscriptions(
                assignor, self._raw_members, lambda member_id: decoded[member_id].subscription
            )
        return self._members

    def plan(
        self,
        guard: Guard,
        assignor: Assignor,
        cluster: ClusterMetadata,
        members: Mapping[str, Subscription],
    ) -> GroupAssignment:
        """The plan for exactly this. Raises AssignorError if none can be had.

        Raises NotPlannedError where it is yet to be made.
        """
        run = self._run
        if run is None or run.members is not members or run.cluster != cluster:
            raise NotPlannedError(guard, assignor, cluster, members)
        return run.answer()

    def fail(self, error: AssignorError) -> NoReturn:
        """End the membership: raises what makes aiokafka give the join up (see `_hook`)."""
        self._failure = AssignmentFailedError(f"{error}; this consumer has left the group")
        raise self._failure from error

    def _hook(self, coordinator: Any) -> None:
        perform = coordinator._perform_assignment
        push = coordinator._push_error_to_user
        check = coordinator.check_errors

        async def perform_assignment(response: Any) -> Any:
            self._raw_members = raw_members(response)
            loop = asyncio.get_running_loop()
            asked_at = loop.time()
            try:
                while True:
                    try:
                        return await perform(response)
                    except NotPlannedError as wanted:
                        run = self._begin(coordinator, wanted)
                        await _over(run, asked_at + run.limit_ms / 1000)
            finally:
                self._raw_members, self._members, self._run = {}, None, None

        async def push_error_to_user(error: Any) -> None:
            if self._failure is None:
                await push(error)
            else:
                await self._end(coordinator, self._failure)

        def check_errors() -> None:
            if self._failure is not None and self._left:
                raise self._failure.with_traceback(None)  # polls may be many; it must not grow
            check()

        coordinator._perform_assignment = perform_assignment
        coordinator._push_error_to_user = push_error_to_user
        coordinator.check_errors = check_errors

    def _begin(self, coordinator: Any, wanted: NotPlannedError) -> Run:
        self._run = self._worker.begin(
            wanted.guard,
            wanted.assignor,
            wanted.cluster,
            wanted.members,
            limit_ms=wanted.guard.limit_of(
                coordinator._session_timeout_ms, coordinator._rebalance_timeout_ms
            ),
        )
        return self._run

    def _replaced(self, replacement: Replacement) -> None:
        listener = self.consumer._subscription.listener
        if isinstance(listener, TraceListener):
            listener.replaced(replacement, self._coordinator.generation)

    async def _end(self, coordinator: Any, failure: AssignmentFailedError) -> None:
        """Leave, tell whoever waits, and keep aiokafka's coordination still until `stop()`.

        Runs in the coordination task, in the place where aiokafka waits for a user to take an
        error before it joins again. The task must end well, for `stop()` awaits it.
        """
        state = self.consumer._subscription
        _log.error("group %s: %s", coordinator.group_id, failure, exc_info=failure)
        coordinator._enable_auto_commit = False  # not a member any more: nothing to commit
        await _leave(coordinator)
        self._left = True
        state.abort_waiters(_UncopiedError(failure))
        if state.partitions_auto_assigned():
            state.assign_from_subscribed(())  # so that `consumer.assignment()` tells the truth
        if isinstance(state.listener, TraceListener):
            state.listener.failed(failure)
        await asyncio.wait([coordinator._closing])
        await _fetcher_at_rest(fetcher_of(self.consumer))


async def _over(run: Run, deadline: float) -> None:
    """Until the run is over, or the loop's clock shows `deadline`."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(over.set)

    run.when_over(wake)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            await over.wait()


async def _fetcher_at_rest(fetcher: Any) -> None:
    """Until it has ended the fetches of what was lost: a few turns of the loop.

    While it does, aiokafka's fetcher swallows the cancellation by which `stop()` ends it, and
    `stop()`, which goes on when the coordination task is done, would wait for ever.
    """
    while fetcher._pending_tasks and not fetcher._fetch_task.done():  # noqa: ASYNC110
        await asyncio.sleep(0)  # it has no event to wait for


async def _leave(coordinator: Any) -> None:
    """Static members too: one that is gone for good must not hold its partitions."""
    if coordinator.member_id:
        try:
            await coordinator._send_req(
                LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
            )
        except Exception as error:  # whatever it is, our user is to be told of the failure
            _log.warning("group %s: cannot leave: %s", coordinator.group_id, error)
    coordinator.reset_generation()


class _UncopiedError(Exception):
    """aiokafka gives each waiter a copy of the error, and a copy has no `__cause__`."""

    def __init__(self, failure: AssignmentFailedError) -> None:
        super().__init__(failure)
        self._failure = failure

    def __copy__(self) -> AssignmentFailedError:
        return self._failure
