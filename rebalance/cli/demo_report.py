"""What `rebalance demo` prints: progress to standard error, a picture or JSON to the output."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rebalance.cli.errors import UsageError
from rebalance.cli.terminal import group_numbers

if TYPE_CHECKING:
    from rebalance.cli.demonstration.run import DemoResult
    from rebalance.cli.demonstration.script import ScriptStep
    from rebalance.cli.demonstration.settings import DemoSettings
    from rebalance.timeline.text import TextOptions
    from rebalance.timeline.trace import Event, Header


class Output:
    """One demo's output; `json_output` leaves standard output to one JSON document."""

    def __init__(self, json_output: bool, options: "TextOptions") -> None:
        self._json, self._options = json_output, options
        self._file: TextIO | None = None

    @contextmanager
    def writing(self, path: Path | None, header: "Header") -> Iterator[None]:
        """Write the trace to `path` as it grows: of a run that dies, all until then is there.

        Raises:
            UsageError: the file cannot be written.
        """
        if path is None:
            yield
            return
        from rebalance.timeline.trace import header_line

        try:
            file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--trace {path}: cannot be written: {error.strerror}") from None
        with file:
            file.write(header_line(header) + "\n")
            self._file = file
            try:
                yield
            finally:
                self._file = None

    def event(self, event: "Event") -> None:
        """A line of the trace."""
        if self._file is not None:
            from rebalance.timeline.trace import event_line

            self._file.write(event_line(event) + "\n")
            self._file.flush()

    def warn(self, text: str) -> None:
        """Something the user should know, that does not end the demo."""
        self._say(f"rebalance demo: {text}")

    def begin(self, settings: "DemoSettings") -> None:
        """Say what is about to run, and what of it is real."""
        self._say(
            f"{settings.members} real aiokafka consumers over real sockets, "
            f"assignor {settings.assignor.name}, {_place(settings)}"
        )

    def step(self, t: int, step: "ScriptStep", took_ms: int, owners: dict[str, int]) -> None:
        """One step of the script has settled."""
        owned = "  ".join(f"{name} {count}" for name, count in list(owners.items())[:8])
        more = f"  and {len(owners) - 8} more" if len(owners) > 8 else ""
        self._say(
            f"{t / 1000:7.2f} s  {step.text:<22} settled after {took_ms:5,} ms   {owned}{more}"
        )

    def result(self, result: "DemoResult", settings: "DemoSettings", trace: Path | None) -> None:
        """The picture, the numbers, and what was real."""
        if self._json:
            sys.stdout.write(json.dumps(_document(result, settings), indent=2) + "\n")
        else:
            self._picture(result, settings, trace)
        if result.failure is not None:
            self.warn(f"failed: {result.failure}")

    def page(self, result: "DemoResult", settings: "DemoSettings", file: Path) -> None:
        """The timeline as one HTML page.

        Raises:
            UsageError: the file cannot be written.
        """
        from rebalance.timeline.html import render_html

        title = f"rebalance demo, assignor {settings.assignor.name}"
        try:
            file.write_text(render_html([(title, result.log)]), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--html {file}: cannot be written: {error.strerror}") from None
        except ValueError:  # it failed before any group was there
            self.warn(f"--html {file}: not written, nothing happened that could be drawn")
            return
        self._say(f"page        {file}")

    def _picture(self, result: "DemoResult", settings: "DemoSettings", trace: Path | None) -> None:
        from rebalance.timeline.text import render_text

        self._say("")
        sys.stdout.write(render_text(result.log, options=self._options))
        records = result.records
        print(
            f"\nrecords     {len(records.produced):,} produced, {records.missing:,} never read, "
            f"{records.repeated:,} read again"
        )
        print(f"real        {settings.members} aiokafka consumers, their sockets and their crash")
        print(f"protocol    {_protocol(settings)}")
        print(f"broker      {result.place}")
        print(f"causes      {_word(settings)}")
        if trace is not None:
            print(f"trace       {trace}")

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _place(settings: "DemoSettings") -> str:
    if settings.bootstrap_servers is None:
        return "on the embedded broker"
    return f"on the cluster at {settings.bootstrap_servers}"


def _word(settings: "DemoSettings") -> str:
    if settings.bootstrap_servers is None:
        return "its coordinator's own word"
    return "the script's word: a cluster tells its clients none"


def _protocol(settings: "DemoSettings") -> str:
    from assignors.interface import RebalanceProtocol, assignor_protocols

    if RebalanceProtocol.COOPERATIVE in assignor_protocols(settings.assignor):
        return f"eager: aiokafka does not speak the cooperative side of {settings.assignor.name}"
    return "eager, the only one that aiokafka speaks"


def _document(result: "DemoResult", settings: "DemoSettings") -> dict[str, Any]:
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.narrowing import ALL

    groups = group_numbers((group, ALL) for group in read_groups(result.log))
    return {
        "consumers": {
            "real": True,
            "count": settings.members,
            "assignor": settings.assignor.name,
            "protocol": "eager",
        },
        "broker": {"embedded": settings.bootstrap_servers is None, "place": result.place},
        "wall_ms": result.wall_ms,
        "failure": result.failure,
        "records": {
            "produced": len(result.records.produced),
            "missing": result.records.missing,
            "repeated": result.records.repeated,
        },
        **(groups[0] if groups else {}),
    }
