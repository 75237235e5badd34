"""What a user of the adapter did wrong, in a form that aiokafka hands on.

The rule kept here: aiokafka delivers a `KafkaError` of its join to whoever waits in `start()`,
`getone()` or `getmany()` as it is, and buries anything else in another error's text. So the one
error that must travel through aiokafka itself is both.
"""

from aiokafka.errors import KafkaError

from assignors.errors import AssignorError


class StrategyError(AssignorError, KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The strategy is not used as it must be, or this aiokafka is not one it knows."""

    __str__ = AssignorError.__str__


class EagerOnlyWarning(UserWarning):
    """An assignor that could cooperate runs eagerly, because aiokafka knows nothing else."""
