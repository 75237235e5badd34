"""Progress of what takes long: on a terminal only, and nothing of it stays."""

from threading import Event

import pytest

from rebalance.cli import progress as module
from rebalance.cli.progress import progress, rate


def test_it_is_told_on_a_terminal_and_wiped_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(module, "AFTER_S", 0)
    asked = Event()

    def words(passed_s: float) -> str:
        asked.set()
        return "half of it"

    with progress(words):
        assert asked.wait(timeout=60)
    told = capsys.readouterr()
    assert told.err.startswith("\rhalf of it")
    assert told.err.endswith("\r" + " " * len("half of it") + "\r")
    assert told.out == ""


def test_what_is_quick_or_no_terminal_says_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AFTER_S", 0)
    with progress(lambda passed_s: "no"):
        pass
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(module, "AFTER_S", 600)
    with progress(lambda passed_s: "no"):
        pass
    assert capsys.readouterr().err == ""


def test_it_ends_with_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with pytest.raises(KeyboardInterrupt), progress(lambda passed_s: ""):
        raise KeyboardInterrupt


def test_a_rate_in_words() -> None:
    assert rate(3_000, 2.0) == "1,500/s"
    assert rate(3, 0) == "-/s"
