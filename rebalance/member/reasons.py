"""Why a member joins or leaves, in the words that go on the wire (KIP-800, rule J16).

Why: they are what an operator reads in the coordinator's log, so they are written once.
"""

MAX_REASON_LENGTH = 255
"""Clients cut a reason here; counted in UTF-16 units, as Java does."""

GROUP_REBALANCES = "the group is rebalancing"
COMMIT_MET_REBALANCE = "an offset commit met a rebalance"
SUBSCRIPTION_CHANGED = "subscription changed"
METADATA_CHANGED = "metadata changed: topics have other partitions than were assigned"
REVOKED = "partitions were revoked as the assignment asks"
FOREIGN_ASSIGNMENT = "assignment names topics that are not subscribed"
ENFORCED = "rebalance enforced by the user"
MEMBER_ID_GIVEN = "member id received, joining with it"
COORDINATOR_LOST = "coordinator lost during the rebalance"
BACK_AFTER_POLL_TIMEOUT = "polls again after max.poll.interval.ms was exceeded"

CLOSED = "the consumer is closed"
UNSUBSCRIBED = "the consumer unsubscribed from all topics"
POLL_TIMEOUT = "max.poll.interval.ms exceeded"
ASSIGNOR_FAILED = "the leader's assignor failed"
UNREADABLE_ASSIGNMENT = "the assignment is unreadable"


def after_error(api: str, error: str) -> str:
    """The reason of a rejoin that an error answer caused."""
    return f"{api} answered {error}"


def failed(error: str) -> str:
    """The reason of leaving after an error that a member cannot go on from."""
    return f"the consumer failed with {error}"


def on_the_wire(reason: str) -> str | None:
    """The reason as it is sent: none when there is none, at most 255 UTF-16 units."""
    if not reason:
        return None
    units = reason.encode("utf-16-le", "replace")[: 2 * MAX_REASON_LENGTH]
    return units.decode("utf-16-le", "ignore")
