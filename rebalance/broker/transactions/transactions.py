"""Transactions as far as consumer groups need them: offsets that are committed with one (O07).

A producer names itself by a transactional id and is told a producer id and an epoch; whoever comes
with the same name gets the next epoch and fences the one before. A transaction is a set of groups
whose offsets wait for its end. Records are not part of it: a transactional Produce is refused.

What is open lives in memory, and the offsets that wait in the log of their group: a broker that
dies has aborted it, and the next one on its directory says so there. A name that nobody uses is
forgotten (idle_ids.py), and there are at most so many.
A decision is final, and it is here that it is made; transaction_ends.py has it reach the groups,
and until it has the producer is told CONCURRENT_TRANSACTIONS, as in Kafka.
EndTxn v5 and newer ends a transaction with the next epoch (KIP-890), older versions keep theirs.
Who had the epoch before may ask for the one that came of it, unless a stranger asked for that.
Source: TransactionCoordinator, TransactionMetadata; KIP-98, KIP-360, KIP-447, KIP-890.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from rebalance.broker.clock import Clock, Timer
from rebalance.broker.errors import StorageError
from rebalance.broker.transactions.idle_ids import IdleIds
from rebalance.broker.transactions.transaction_ends import TransactionEnds
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer

__all__ = ["Identity", "TransactionError", "TransactionLimits", "Transactions"]

MAX_TIMEOUT_MS = 900_000
"""transaction.max.timeout.ms, Kafka's default."""
LAST_EPOCH = 2**15 - 2
"""A producer that would go beyond gets a new id, and epoch 0."""
NOBODY = -1


class TransactionError(Exception):
    """A request of a producer is refused; `code` is what it is told."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a producer is called by: its id and which of its incarnations it is."""

    producer_id: int = NOBODY
    epoch: int = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLimits:
    """How long an id that nobody uses is known, and how many ids there may be."""

    id_expiration_ms: int = 604_800_000
    most_ids: int = 2**31 - 1


class _State(Enum):
    EMPTY = "Empty"
    ONGOING = "Ongoing"
    COMMITTING = "PrepareCommit"
    ABORTING = "PrepareAbort"
    COMMITTED = "CompleteCommit"
    ABORTED = "CompleteAbort"


@dataclass(slots=True, kw_only=True)
class _Transaction:
    transactional_id: str
    producer_id: int
    timeout_ms: int
    epoch: int = NOBODY
    former: Identity = Identity()
    """Who became what it is now; who says so is told that once more."""
    state: _State = _State.EMPTY
    partitions: set[int] = field(default_factory=set)
    """Of `__consumer_offsets`: a group belongs to a transaction by way of its partition (P01)."""
    timer: Timer | None = None

    @property
    def identity(self) -> Identity:
        return Identity(producer_id=self.producer_id, epoch=self.epoch)

    @property
    def is_ending(self) -> bool:
        """Whether it was decided upon, and not all its groups know."""
        return self.state in (_State.COMMITTING, _State.ABORTING)

    def become(self, identity: Identity) -> None:
        """Have another identity; who it was before is remembered."""
        self.former = self.identity
        self.producer_id, self.epoch = identity.producer_id, identity.epoch


class Transactions:
    """All transactional ids of one broker.

    Args:
        new_producer_id: gives an id that was never given out.
        partition_of: the partition of `__consumer_offsets` that keeps a group.
        ends: has the groups know.
        clock: the time they live in.
    """

    def __init__(
        self,
        new_producer_id: Callable[[], int],
        partition_of: Callable[[str], int],
        ends: TransactionEnds,
        clock: Clock,
        limits: TransactionLimits = TransactionLimits(),
    ) -> None:
        self._clock = clock
        self._new_producer_id = new_producer_id
        self._partition_of = partition_of
        self._ends = ends
        self._most_ids = limits.most_ids
        self._idle = IdleIds(limits.id_expiration_ms)
        self._by_id: dict[str, _Transaction] = {}

    def begin(self, transactional_id: str, timeout_ms: int, claimed: Identity) -> Identity:
        """InitProducerId: the next incarnation of a producer; what it had open is aborted.

        Raises:
            TransactionError: the claim is an old one's, the timeout is not allowed, the last
                transaction is not over yet (ask again), or there are too many ids.
        """
        if not transactional_id:
            raise TransactionError(ErrorCode.INVALID_REQUEST)
        if not 0 < timeout_ms <= MAX_TIMEOUT_MS:
            raise TransactionError(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
        found = self._known(transactional_id) or self._new(transactional_id, timeout_ms)
        if found.is_ending:
            raise TransactionError(ErrorCode.CONCURRENT_TRANSACTIONS)
        is_stranger = claimed.producer_id == NOBODY or found.epoch == NOBODY
        if not is_stranger and claimed not in (found.identity, found.former):
            raise TransactionError(ErrorCode.PRODUCER_FENCED)
        if found.state is _State.ONGOING:
            self._fence(found)
            raise TransactionError(ErrorCode.CONCURRENT_TRANSACTIONS)
        if is_stranger or claimed == found.identity:
            found.become(self._next(found))
        if is_stranger:
            found.former = Identity()
        found.timeout_ms = timeout_ms
        found.state = _State.EMPTY
        self._idle.rest(transactional_id, self._clock.now_ms())
        return found.identity

    def add_group(self, transactional_id: str, claimed: Identity, group_id: str) -> None:
        """AddOffsetsToTxn: a group's offsets belong to the transaction, which begins with it.

        Raises:
            TransactionError: nobody of this name and id, another epoch, or an end that goes on.
        """
        found = self._claimed(transactional_id, claimed)
        if found.is_ending:
            raise TransactionError(ErrorCode.CONCURRENT_TRANSACTIONS)
        if found.state is not _State.ONGOING:
            found.state = _State.ONGOING
            self._idle.wake(transactional_id)
            at_ms = self._clock.now_ms() + found.timeout_ms
            found.timer = self._clock.call_at(at_ms, partial(self._fence, found))
        found.partitions.add(self._partition_of(group_id))

    def has_group(self, transactional_id: str, claimed: Identity, group_id: str) -> bool:
        """Whether the transaction is open and the group's offsets belong to it.

        Raises:
            TransactionError: as `add_group`.
        """
        found = self._claimed(transactional_id, claimed)
        is_open = found.state is _State.ONGOING
        return is_open and self._partition_of(group_id) in found.partitions

    def end(
        self, transactional_id: str, claimed: Identity, *, committed: bool, bumps: bool
    ) -> Identity:
        """EndTxn; `bumps`: the next transaction has the next epoch, which is returned.

        Raises:
            TransactionError: as `add_group`, or there is nothing to end like that, or it could not
                be stored that it ended (NOT_COORDINATOR, and it is open still).
            TopicError: there is no id for the next transaction; this one is open still.
        """
        found = self._named(transactional_id, claimed)
        wanted = _State.COMMITTED if committed else _State.ABORTED
        is_retry = bumps and claimed.epoch + 1 == found.epoch and not found.is_ending
        if is_retry and found.state in (_State.COMMITTED, _State.ABORTED):
            if found.state is not wanted:
                raise TransactionError(ErrorCode.INVALID_TXN_STATE)
            return found.identity
        if found.is_ending:
            raise TransactionError(ErrorCode.CONCURRENT_TRANSACTIONS)
        if claimed.epoch != found.epoch:
            raise TransactionError(ErrorCode.PRODUCER_FENCED)
        if found.state is not _State.ONGOING:
            if not bumps and found.state is wanted:
                return found.identity
            if not bumps or committed:
                raise TransactionError(ErrorCode.INVALID_TXN_STATE)
        if not bumps:
            self._decide(found, wanted, claimed.epoch)
            return found.identity
        following = self._next(found)
        self._decide(found, wanted, claimed.epoch + 1)
        found.become(following)
        return following

    @property
    def id_count(self) -> int:
        """How many transactional ids are known."""
        return len(self._by_id)

    def close(self) -> None:
        """Nothing is aborted by itself any more."""
        for transaction in self._by_id.values():
            if transaction.timer is not None:
                transaction.timer.cancel()
        self._ends.close()

    def _known(self, transactional_id: str) -> _Transaction | None:
        """Who has that name, once those were forgotten that nobody used for long."""
        for expired in self._idle.expired(self._clock.now_ms()):
            del self._by_id[expired]
        return self._by_id.get(transactional_id)

    def _new(self, transactional_id: str, timeout_ms: int) -> _Transaction:
        if len(self._by_id) >= self._most_ids:
            raise TransactionError(ErrorCode.POLICY_VIOLATION)
        made = _Transaction(
            transactional_id=transactional_id,
            producer_id=self._new_producer_id(),
            timeout_ms=timeout_ms,
        )
        self._by_id[transactional_id] = made
        return made

    def _named(self, transactional_id: str, claimed: Identity) -> _Transaction:
        if not transactional_id:
            raise TransactionError(ErrorCode.INVALID_REQUEST)
        found = self._known(transactional_id)
        if found is None or claimed.producer_id != found.producer_id:
            raise TransactionError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        return found

    def _claimed(self, transactional_id: str, claimed: Identity) -> _Transaction:
        found = self._named(transactional_id, claimed)
        if claimed.epoch != found.epoch:
            raise TransactionError(ErrorCode.PRODUCER_FENCED)
        return found

    def _next(self, transaction: _Transaction) -> Identity:
        """The next epoch, or a new id where there is none.

        Raises:
            TopicError: there is no new id.
        """
        if transaction.epoch >= LAST_EPOCH:
            return Identity(producer_id=self._new_producer_id(), epoch=0)
        return Identity(producer_id=transaction.producer_id, epoch=transaction.epoch + 1)

    def _fence(self, transaction: _Transaction) -> None:
        """Abort what is open, of a producer that is gone; it is fenced."""
        following = self._next(transaction)
        self._decide(transaction, _State.ABORTED, transaction.epoch + 1)
        transaction.become(following)

    def _decide(self, transaction: _Transaction, state: _State, marker_epoch: int) -> None:
        """It ends in this state, as soon as its groups know."""
        before, committed = transaction.state, state is _State.COMMITTED
        transaction.state = _State.COMMITTING if committed else _State.ABORTING
        try:
            self._ends.decide(
                Producer(producer_id=transaction.producer_id, epoch=marker_epoch),
                committed=committed,
                partitions=transaction.partitions,
                on_told=partial(self._ended, transaction, state),
            )
        except StorageError:
            transaction.state = before
            raise TransactionError(ErrorCode.NOT_COORDINATOR) from None
        if transaction.timer is not None:
            transaction.timer.cancel()
            transaction.timer = None

    def _ended(self, transaction: _Transaction, state: _State) -> None:
        transaction.state = state
        transaction.partitions.clear()
        self._idle.rest(transaction.transactional_id, self._clock.now_ms())
