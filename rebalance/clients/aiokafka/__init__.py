"""Our assignors and traces in aiokafka's own consumers.

```python
sticky = strategy("sticky")
consumer = sticky.bind(
    AIOKafkaConsumer("orders", group_id="shop", partition_assignment_strategy=[sticky])
)
```

The rule kept here: all state belongs to one consumer, and every private name of aiokafka that the
adapter leans on stands in `private.py`. docs/aiokafka.md says what this client cannot do, and why.
"""

from rebalance.clients.aiokafka.adapter import Strategy, strategy
from rebalance.clients.aiokafka.errors import (
    AssignmentFailedError,
    EagerOnlyWarning,
    StrategyError,
)
from rebalance.clients.aiokafka.listener import TraceListener
from rebalance.clients.guard import Guard

__all__ = [
    "AssignmentFailedError",
    "EagerOnlyWarning",
    "Guard",
    "Strategy",
    "StrategyError",
    "TraceListener",
    "strategy",
]
