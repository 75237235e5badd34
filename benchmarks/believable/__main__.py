"""Measure real clients, play the simulation beside them, print the table.

    python -m benchmarks.believable --measure 5     five runs for each set, 65 s each
    python -m benchmarks.believable --fit           the frames' delay, anew, on the set "fit"
    python -m benchmarks.believable --write         the table into docs/simulation.md
    python -m benchmarks.believable --away 0 1000   the simulation alone, with other times away (ms)

Without --measure what was measured before (measured.json) is taken. Every run is kept as soon as it
is over; a measurement may be interrupted. Exit code 1 if a median is not within 25 %, or if there
are more or fewer rebalances.
"""

import argparse
import logging
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.believable import real, report
from benchmarks.believable.comparison import FITTED_ON, absences, compare, fit
from benchmarks.believable.deploy import SETUPS, Deploy
from benchmarks.believable.measured import FILE, SETS, Measured, Measurement, part_of
from benchmarks.believable.servers import APACHE, EMBEDDED, running


def measure(kind: str, setups: Sequence[str], runs: int, deploy: Deploy, path: Path) -> Measurement:
    """Real runs, of both sets and all setups by turns; kept one by one."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with running(kind, deploy.partitions) as server:
        date = datetime.now(UTC).date().isoformat()
        measurement = Measurement(server=server.name, date=date)
        for number in range(runs):
            for name in SETS:
                for setup in setups:
                    part = part_of(number)
                    group_id = f"{setup}-{secrets.token_hex(4)}"
                    run = real.play(server, deploy, SETUPS[setup], group_id, part)
                    measured = Measured(
                        part=part,
                        graceful=run.cost("graceful", deploy),
                        kill=run.cost("kill", deploy),
                    )
                    print(setup, name, measured, flush=True)
                    measurement.add(setup, name, measured)
                    measurement.save(path)
    return measurement


def main() -> None:
    """Do what the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=int, metavar="RUNS", default=0)
    parser.add_argument("--broker", choices=(APACHE, EMBEDDED), default=APACHE)
    parser.add_argument("--only", choices=tuple(SETUPS), action="append", default=[])
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--away", type=int, metavar="MS", nargs="+", default=[])
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    deploy = Deploy()
    if options.measure:
        setups = options.only or list(SETUPS)
        measurement = measure(options.broker, setups, options.measure, deploy, options.file)
    else:
        measurement = Measurement.read(options.file)
    if (options.fit or options.measure) and FITTED_ON in measurement.setups():
        measurement.most_ms = fit(measurement, deploy)
        measurement.save(options.file)
    if options.away:
        text = report.absences(absences(measurement, deploy, options.away))
        print(text)
        if options.write:
            report.write(text, away=True)
        return
    rows = compare(measurement, deploy)
    text = report.table(measurement, rows)
    print(text)
    if options.write:
        report.write(text)
    if complaints := [each for row in rows for each in row.complaints]:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
