"""`python -m tests.broker.fuzz --frames 1000000 --seed 1`: the campaign, as long as one likes.

Prints every now and then what came of the frames and what the process takes; ends with exit code 1
at the first failure, whose seed and traceback it prints.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import resource
import sys
import time

from rebalance.broker import EmbeddedBroker
from tests.broker.fuzz.campaign import SETTINGS, Campaign

_FRAMES_A_REPORT = 20_000


class _Failures(logging.Handler):
    """Counts what the broker calls its own failure, and shows it."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        print(logging.Formatter().format(record), file=sys.stderr)


async def _main(frames: int, seed: int, failures: _Failures) -> int:
    begin = time.monotonic()
    async with EmbeddedBroker(SETTINGS) as broker:
        campaign = Campaign(broker, random.Random(seed))
        await campaign.prepare()
        while campaign.seen["frames"] < frames and not failures.count:
            await campaign.run(min(campaign.seen["frames"] + _FRAMES_A_REPORT, frames))
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            seen = ", ".join(f"{count:,} {what}" for what, count in sorted(campaign.seen.items()))
            print(f"{time.monotonic() - begin:7.0f} s  {seen}; peak {peak_mb} MB; {broker.usage()}")
            sys.stdout.flush()
    return 1 if failures.count else 0


def main() -> int:
    """0: all frames sent and nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.broker.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    failures = _Failures(level=logging.ERROR)
    logging.getLogger("rebalance.broker").addHandler(failures)
    print(f"{arguments.frames:,} frames from seed {arguments.seed}", flush=True)
    return asyncio.run(_main(arguments.frames, arguments.seed, failures))


if __name__ == "__main__":
    sys.exit(main())
