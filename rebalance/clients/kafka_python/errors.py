"""What can go wrong between an assignor and kafka-python, in a form that kafka-python hands on.

The rule kept here: kafka-python raises a `KafkaError` that cannot be retried out of the poll that
was joining, as it is; so the errors that travel through it are one, and ours too.
"""

from kafka.errors import KafkaError

from assignors.errors import AssignorError


class StrategyError(AssignorError, KafkaError):  # type: ignore[misc]  # kafka-python is untyped
    """The strategy is not used as it must be, or this kafka-python is not one it knows."""

    __str__ = AssignorError.__str__
    __eq__ = AssignorError.__eq__
    __hash__ = AssignorError.__hash__


class AssignmentFailedError(AssignorError, KafkaError):  # type: ignore[misc]
    """The assignor failed, and this consumer has left its group for good; close it.

    `__cause__` is the AssignorError that says how: AssignorFailedError if it raised,
    InvalidPlanError if its plan broke a rule.
    """

    __str__ = AssignorError.__str__
    __eq__ = AssignorError.__eq__
    __hash__ = AssignorError.__hash__
