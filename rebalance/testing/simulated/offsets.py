"""Offsets of one simulated consumer at the coordinator: fetched and committed.

Rule kept: as in aiokafka, one commit at a time in the order of asking, and one that failed for a
passing reason is sent again; one that the group does not take any more is a `CommitFailedError`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    KafkaError,
)

from assignors.model import TopicPartition
from rebalance.member import events
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import OffsetFetchRequest
from rebalance.protocol.responses import OffsetFetchResponse, Response
from rebalance.simulation.hosting import Surroundings

__all__ = ["Offsets"]

_RETRY_S = 0.1
_GROUP_WENT_ON = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.FENCED_INSTANCE_ID,
    }
)


class Offsets:
    """Commits and fetches of one process, on its loop."""

    def __init__(self, around: Surroundings, loop: asyncio.AbstractEventLoop) -> None:
        self._around = around
        self._loop = loop
        self._commits: dict[int, asyncio.Future[Mapping[TopicPartition, ErrorCode]]] = {}
        self._asked = 0
        self._lock = asyncio.Lock()
        self._closed = False
        self._asking = 0

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit, until it is done or can not be done any more.

        Raises:
            CommitFailedError: the group has gone on without this consumer, or with others.
            ConsumerStoppedError: the consumer was closed before there was an answer.
            GroupAuthorizationFailedError: the consumer may not use its group.
            KafkaError: the broker refuses it for another reason.
        """
        async with self._lock:
            while refused := await self._commit(offsets):
                codes = set(refused.values())
                if codes & _GROUP_WENT_ON:
                    raise CommitFailedError
                if ErrorCode.GROUP_AUTHORIZATION_FAILED in codes:
                    raise GroupAuthorizationFailedError(self._around.config.group_id)
                if not codes <= RETRIABLE:
                    raise KafkaError(", ".join(sorted(code.name for code in codes)))
                await asyncio.sleep(_RETRY_S)

    async def _commit(
        self, offsets: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, ErrorCode]:
        if self._closed:
            raise ConsumerStoppedError
        self._asked += 1
        future = self._commits[self._asked] = self._loop.create_future()
        self._around.tell(events.CommitOffsets(commit_id=self._asked, offsets=dict(offsets)))
        refused: Mapping[TopicPartition, ErrorCode] = await future
        return refused

    def finished(self, effect: events.CommitFinished) -> None:
        """The member is done with a commit; its asker may have been cancelled."""
        future = self._commits.pop(effect.commit_id, None)
        if future is not None and not future.done():
            future.set_result(effect.refused)

    @property
    def waiting(self) -> bool:
        """Somebody waits for the coordinator: for the answer to a commit, or to a fetch."""
        return bool(self._commits) or self._lock.locked() or self._asking > 0

    def closed(self) -> None:
        """The consumer is closed: what has no answer gets none."""
        self._closed = True
        waiting, self._commits = self._commits, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ConsumerStoppedError())

    async def committed(self, partition: TopicPartition) -> int | None:
        """The group's committed offset; None: there is none.

        Raises:
            ConsumerStoppedError: the consumer is closed.
        """
        while not self._closed:
            future: asyncio.Future[Mapping[TopicPartition, int] | None] = self._loop.create_future()

            def fetched(
                offsets: Mapping[TopicPartition, int] | None,
                future: asyncio.Future[Mapping[TopicPartition, int] | None] = future,
            ) -> None:
                if not future.done():
                    future.set_result(offsets)

            self.fetch((partition,), fetched)
            self._asking += 1
            try:
                offsets = await future
            finally:
                self._asking -= 1
            if offsets is not None:
                offset = offsets.get(partition, -1)
                return None if offset < 0 else offset
            await asyncio.sleep(_RETRY_S)
        raise ConsumerStoppedError

    def fetch(
        self,
        partitions: Iterable[TopicPartition],
        fetched: Callable[[Mapping[TopicPartition, int] | None], None],
    ) -> None:
        """Ask for committed offsets; `fetched` is told them (-1: none), or None: ask again.

        It is told once: of the answer, or that none came within request.timeout.ms.
        """
        around, told = self._around, False
        request = OffsetFetchRequest(group_id=around.config.group_id, partitions=tuple(partitions))

        def answered(response: Response | None) -> None:
            nonlocal told
            if not told:
                told = True
                around.gate.do(fetched, _offsets(response))

        around.gate.after(around.config.request_timeout_ms, answered, None)
        to, node_id = events.Destination.COORDINATOR, around.member.coordinator
        if node_id is None or not around.lines.send(to, node_id, request, answered):
            around.gate.after(1, answered, None)


def _offsets(response: Response | None) -> Mapping[TopicPartition, int] | None:
    if not isinstance(response, OffsetFetchResponse) or response.error is not ErrorCode.NONE:
        return None
    return {each.partition: each.offset for each in response.offsets}
