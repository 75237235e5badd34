"""`rebalance timeline`: what it prints, and how it complains."""

import io
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rebalance.cli.errors import UsageError
from rebalance.cli.timeline import FORMATS, timeline
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
        ([EAGER, "--format", "gif"], "--format gif: unknown; use one of text, svg,"),
        ([EAGER, "--member", "D"], "no member 'D' in group billing; it has: A, B, C"),
        ([EAGER, "--topic", "order"], "no topic 'order' in group billing; it has: orders"),
        ([EAGER, "--format", "svg", "--from", "50"], "nothing to draw from 50.000 s on"),
        ([EAGER, "--format", "svg", "--rebalance", "9"], "it has 1 to 4"),
        ([EAGER, "--out", "no/such/directory/x"], "--out no/such/directory/x: No such file"),
        ([EAGER, "--rebalance", "3", "--from", "1"], "its own time: leave out --from"),
        ([EAGER, "--json", "--to", "9", "--format", "svg"], "leave out --to and --format"),
        ([EAGER, "--format", "svg", "--width", "80"], "the same everywhere: leave out --width"),
        ([EAGER, "--from", "nan"], "nan s is no time; expected a number of seconds"),
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


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_every_format_is_written_to_a_file_or_to_the_output(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    printed = run(EAGER, "--format", format_)
    assert run(EAGER, "--format", format_, "--out", str(path)) == ""
    assert path.read_text(encoding="utf-8") == printed
    assert "billing" in printed


def test_one_member_or_one_topic_alone() -> None:
    text = run(EAGER, "--member", "C", "--width", "80")
    assert "3 members · 6 partitions" in text
    rows = [line.split()[0] for line in text.splitlines() if line[:2] in ("A ", "B ", "C ")]
    assert rows == ["C"]
    assert run(EAGER, "--topic", "ord*", "--width", "80") == run(EAGER, "--width", "80")
    (group,) = json.loads(run(EAGER, "--member", "C", "--json"))["groups"]
    assert group["metrics"]["member_view"]["partitions"] == 6


def broken(tmp_path: Path, *, cut: int, line: str) -> str:
    """The first lines of a trace, then one that is wrong."""
    lines = Path(EAGER).read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "broken.jsonl"
    path.write_text("".join(lines[:cut]) + line + "".join(lines[cut:]), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"t": 9, "eve\n', "is not JSON; expected one event as JSON object"),
        ('{"t": 9, "event": "step"}\n', "step lacks 'text'"),
        ('{"t": 1, "event": "step", "text": ""}\n', "t=1 stands after t=15422"),
    ],
)
def test_a_broken_trace_is_named_by_line_and_drawn_up_to_there_on_request(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = broken(tmp_path, cut=60, line=line)
    with pytest.raises(UsageError, match=r"broken\.jsonl:61: ") as caught:
        run(path)
    assert message in str(caught.value)
    timeline(path, partial=True, width=80)
    printed = capsys.readouterr()
    assert "#2" in printed.out
    assert "#4" not in printed.out
    assert "left out from here on" in printed.err
    assert message in printed.err


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(Path(EAGER).read_bytes() + b'{"t": 40000, "\xff"}\n')
    last = len(Path(EAGER).read_text(encoding="utf-8").splitlines()) + 1
    with pytest.raises(UsageError, match=rf"t\.jsonl:{last}: not UTF-8 text"):
        run(str(path))


def test_a_newer_version_is_refused_also_in_part(tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text('{"schema": "rebalance.trace", "version": 2, "source": "t"}\n')
    with pytest.raises(UsageError, match=r"new\.jsonl:1: a trace of version 2, .* reads version 1"):
        run(str(path), "--partial")


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text("")
    with pytest.raises(UsageError, match=r"none\.jsonl: empty; expected the header"):
        run(str(path), "--partial")
