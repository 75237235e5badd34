"""`rebalance timeline`: what it prints, and how it complains."""

import io
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rebalance.cli.errors import UsageError
from rebalance.cli.timeline import timeline
from tests.timeline.rewriting import TESTDATA

app = typer.Typer()
app.command()(timeline)

EAGER = str(TESTDATA / "eager.jsonl")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_the_picture() -> None:
    golden = (TESTDATA / "eager.txt").read_text(encoding="utf-8")
    assert run(EAGER, "--width", "80") == golden


def test_colour_on_request() -> None:
    golden = (TESTDATA / "eager.color.txt").read_text(encoding="utf-8")
    assert run(EAGER, "--width", "80", "--color", "always") == golden


def test_a_close_up() -> None:
    assert "#3" in run(EAGER, "--rebalance", "3")
    assert "#4" not in run(EAGER, "--from", "14", "--to", "17.5")


def test_ascii() -> None:
    assert run(EAGER, "--ascii").isascii()


def test_json() -> None:
    (group,) = json.loads(run(EAGER, "--json"))["groups"]
    assert group["group_id"] == "billing"
    assert group["metrics"]["rebalances"] == 4
    assert group["metrics"]["member_view"]["double_owned_partition_ms"] == 0
    assert [r["cause"] for r in group["rebalances"]][-1] == "session expired"
    assert group["rebalances"][1]["partitions_moved"] == 6


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(EAGER).read_text(encoding="utf-8")
    result = CliRunner().invoke(app, ["-"], input=text)
    assert "billing: 3 members" in result.output


def test_a_terminal_that_is_not_utf_8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", out)
    timeline(EAGER)
    out.flush()
    assert out.buffer.getvalue().isascii()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl: No such file or directory; expected a trace file"),
        ([str(TESTDATA)], "Is a directory"),
        ([str(TESTDATA / "eager.txt")], "eager.txt:1: "),
        ([EAGER, "--group", "nope"], "no group 'nope' in this trace; it has: billing"),
        ([EAGER, "--rebalance", "9"], "it has 1 to 4"),
        ([EAGER, "--format", "svg"], "--format svg is not there yet; use text"),
        ([EAGER, "--format", "gif"], "--format gif: unknown"),
    ],
)
def test_a_complaint_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(*arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_trace_without_a_group_is_said(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text('{"schema": "rebalance.trace", "version": 1, "source": "t"}\n')
    with pytest.raises(UsageError, match="nothing to draw"):
        run(str(path))
