"""The engine of `rebalance check`: which promises of an assignor hold, and which group breaks one.

```python
report = check(MyAssignor(), examples=200)
assert report.passed, report.broken
```

`check` runs in this process; `supervised` in one of its own, which is what the command does, so
that code which crashes or never returns is a finding too. The rule kept here: what is judged is
what the interface says (`assignors.interface.Promise`), by the definitions of `assignors.quality`.
"""

from rebalance.testing.check.engine import check, judged
from rebalance.testing.check.report import Judgement, Report, Verdict
from rebalance.testing.check.supervision import supervised

__all__ = [
    "Judgement",
    "Report",
    "Verdict",
    "check",
    "judged",
    "supervised",
]
