"""`rebalance`: the command line. One file per command; this one only names them.

Rule kept: `rebalance --help` loads nothing that a command needs: numpy, aiokafka, kio and OR-tools
are imported by the command that uses them, when it runs.
"""

import sys
import textwrap
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from rebalance.cli.assign import assign
from rebalance.cli.check import check
from rebalance.cli.compare import compare
from rebalance.cli.demo import demo
from rebalance.cli.errors import UsageError
from rebalance.cli.explore import explore
from rebalance.cli.fuzz import fuzz
from rebalance.cli.serve import serve
from rebalance.cli.simulate import simulate
from rebalance.cli.terminal import terminal_width
from rebalance.cli.timeline import timeline

USAGE = 2
INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(simulate)
app.command()(compare)
app.command()(fuzz)
app.command()(serve)
app.command()(timeline)
app.command()(assign)
app.command()(check)
app.command()(explore)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version, and stop.", is_eager=True)
    ] = False,
) -> None:
    """Kafka consumer groups you can hold: run, simulate and draw rebalances."""
    if version:
        print(f"kafka-rebalance {metadata.version('kafka-rebalance')}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 it found something wrong, 2 used wrongly."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        # An installed command does not see the modules beside the user; MODULE:CLASS must. Last, so
        # that a file there with the name of one of our libraries does not stand in its place.
        sys.path.append("")
    command: Any = typer.main.get_command(app)
    try:
        result = command.main(args=list(arguments), prog_name="rebalance", standalone_mode=False)
    except UsageError as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except typer.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        return _seen_enough()
    except SystemExit as stop:
        # The command line makes this of a broken pipe before we see it.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        return _seen_enough()
    except Exception as error:
        # The command line's own complaints ("No such command") come with a message for users;
        # their class moved between versions of typer, their shape did not.
        if not hasattr(error, "format_message"):
            raise
        # Called without a command it prints its help, and complains with an empty message.
        message = _one_line(error.format_message())
        return _complain(message, getattr(error, "ctx", None)) if message else USAGE
    if result == INTERRUPTED:  # typer makes this of a KeyboardInterrupt, without a word
        print("rebalance: interrupted", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _seen_enough() -> int:
    """Whoever read our output needs no more (`rebalance ... | head`)."""
    sys.stderr.close()
    return 0


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _complain(message: str, context: Any = None) -> int:
    """Say what is wrong; `context` is the command whose `--help` knows more."""
    where = f" (see `{context.command_path} --help`)" if context is not None else ""
    for line in _fitted(f"rebalance: error: {message}{where}"):
        print(line, file=sys.stderr)
    return USAGE


def _fitted(line: str) -> list[str]:
    """The line as it is, for programs; on a terminal broken between words."""
    if not sys.stderr.isatty():
        return [line]
    return textwrap.wrap(
        line,
        terminal_width(),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    main()
