"""Events a coordinator takes and effects it returns.

Why: the machine does no I/O. A request comes with a token of the driver's making; the answer goes
out with the same token, now or later. Whatever takes time outside (a log append) goes out with a
token of the machine's making and comes back as an event.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import Notice
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.records import Producer, Record
from rebalance.protocol.requests import CoordinatorRequest
from rebalance.protocol.responses import CoordinatorResponse

Token = Hashable


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Event: a request arrived; it will be answered with `Reply(token=token)` (but see J17)."""

    token: Token
    request: CoordinatorRequest


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Event: the records of `Append(token=token)` are durable, or could not be written."""

    token: int
    error: ErrorCode = ErrorCode.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Elected:
    """Event: this coordinator is to coordinate the groups of `partition`; loading begins."""

    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Event: the next records of `partition`'s log, in its order; any number of times.

    `producer_id`: they are of this producer's transaction, and count if it is committed (O07).
    """

    partition: int
    records: tuple[Record, ...]
    producer_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerReplayed:
    """Event: next in `partition`'s log is the end of a producer's transaction."""

    partition: int
    producer_id: int
    committed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Event: the log of `partition` was replayed to its end; its groups are served from here on."""

    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resigned:
    """Event: the groups of `partition` are somebody else's from here on, loaded or not."""

    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDeleted:
    """Event: the cluster has no such topic any more; a new one of that name is another topic."""

    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimedOut:
    """Event: a session ends before its time, as if its timer fired now (H06).

    For tests of what comes then; Kafka's clients have no request for it.
    """

    group_id: str
    member_id: str
    """A member's, or a pending id's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded:
    """Event: a producer's transaction ended, as far as the groups of `partition` go (O07).

    Answered with `Reply(token=token)` and `TransactionCompleted` once its offsets count. After an
    error they do not, the transaction is still open, and the event may be given again; also to
    another coordinator, if this one answers that the partition is not its own.
    """

    token: Token
    partition: int
    producer: Producer
    committed: bool


CoordinatorEvent = (
    Received
    | Appended
    | Elected
    | Replayed
    | MarkerReplayed
    | Loaded
    | Resigned
    | SessionTimedOut
    | TopicDeleted
    | TransactionEnded
)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Effect: answer the request that came with `token`."""

    token: Token
    response: CoordinatorResponse


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Effect: write `records` of `group_id` to the log, all or none, then say `Appended`.

    A log keeps its order: `Appended` of one partition's records and markers come in the order of
    their effects. `producer`: they are of this producer's transaction.
    """

    token: int
    group_id: str
    records: tuple[Record, ...]
    producer: Producer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendMarker:
    """Effect: write the end of a producer's transaction to `partition`, then say `Appended`."""

    token: int
    partition: int
    producer: Producer
    committed: bool


Effect = Reply | Append | AppendMarker | Notice
