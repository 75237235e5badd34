"""After the story all come to rest and stay so (I05), and nothing is lost (I06).

Why: a fault may hide what it broke, for whoever comes next heals it. So every story is given an
end: faults are mended, nobody is given up on, one more rebalance moves nothing, somebody leaves and
comes back; then *experiments*, a few of those in `table`, chosen by the seed. Each changes one
thing of a group at rest and waits until it is at rest again, no longer than anything in it takes.
What happens here is checked, but no part of the trace.
"""

from rebalance.simulation.settling.ending import settle

__all__ = ["settle"]
