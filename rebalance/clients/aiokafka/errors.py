"""What can go wrong between an assignor and aiokafka, in a form that aiokafka hands on.

The rule kept here: aiokafka delivers a `KafkaError` of its join to whoever waits in `start()`,
`getone()` or `getmany()` as it is; anything else it buries in another error's text, and its fetcher
dies of it. So the errors that travel through aiokafka are both.
"""

from aiokafka.errors import KafkaError

from assignors.errors import AssignorError


class StrategyError(AssignorError, KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The strategy is not used as it must be, or this aiokafka is not one it knows."""

    __str__ = AssignorError.__str__


class AssignmentFailedError(AssignorError, KafkaError):  # type: ignore[misc]
    """The assignor failed, and this consumer has left its group for good; stop it.

    `__cause__` is the AssignorError that says how: AssignorFailedError if it raised,
    InvalidPlanError if its plan broke a rule.
    """

    __str__ = AssignorError.__str__


class EagerOnlyWarning(UserWarning):
    """An assignor that could cooperate runs eagerly, because aiokafka knows nothing else."""
