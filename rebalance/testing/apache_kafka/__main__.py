"""``python -m rebalance.testing.apache_kafka``: a broker for as long as this command runs."""

from __future__ import annotations

import argparse
import signal
import sys

from rebalance.testing.apache_kafka import (
    VERSION,
    ApacheKafka,
    ApacheKafkaError,
    ApacheKafkaUnavailableError,
)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rebalance.testing.apache_kafka",
        description=f"Runs Apache Kafka {VERSION} on 127.0.0.1 until SIGINT or SIGTERM.",
    )
    parser.add_argument("--port", type=int, help="default: a free one")
    parser.add_argument(
        "--set",
        dest="settings",
        metavar="KEY=VALUE",
        type=_setting,
        action="append",
        default=[],
        help="a broker property, e.g. --set group.max.size=10",
    )
    return parser.parse_args()


def _end(*_: object) -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)  # a second one must not interrupt the clean end
    sys.exit(0)


def main() -> int:
    """0 after a signal, 1 if the broker does not start or ends by itself."""
    arguments = _arguments()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    try:
        with ApacheKafka(dict(arguments.settings), port=arguments.port) as kafka:
            print(f"bootstrap.servers={kafka.bootstrap_servers}", flush=True)
            code = kafka.wait()
    except (ApacheKafkaError, ApacheKafkaUnavailableError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(kafka.log_text(), file=sys.stderr)
    print(f"Apache Kafka {VERSION} ended by itself with exit code {code}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
