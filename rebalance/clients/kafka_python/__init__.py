"""Our assignors and traces in kafka-python's own consumers, eager and cooperative.

```python
sticky = strategy("cooperative-sticky")
consumer = sticky.bind(
    KafkaConsumer("orders", group_id="shop", partition_assignment_strategy=[sticky])
)
```

The rule kept here: all state belongs to one consumer, and every private name of kafka-python that
the adapter leans on stands in `private.py`. docs/kafka_python.md says what this client cannot do,
and why.
"""

from rebalance.clients.guard import Guard
from rebalance.clients.kafka_python.adapter import Strategy, strategy
from rebalance.clients.kafka_python.errors import AssignmentFailedError, StrategyError
from rebalance.clients.kafka_python.listener import TraceListener

__all__ = [
    "AssignmentFailedError",
    "Guard",
    "Strategy",
    "StrategyError",
    "TraceListener",
    "strategy",
]
