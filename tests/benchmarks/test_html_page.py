"""The benchmark of the HTML page: its trace is a rolling deploy, and the browser is measured."""

from benchmarks.html_page import VIEWS, measure
from benchmarks.load.rolling import GROUP, RollingDeploy
from rebalance.timeline.html import render_html
from rebalance.timeline.lanes import read_group
from rebalance.timeline.metrics import measure as numbers_of
from tests.support.requirements import require

DEPLOY = RollingDeploy(members=4, partitions=12, rebalances=6)


def test_the_trace_is_a_rolling_deploy_of_eager_members() -> None:
    times = [event.t for event in DEPLOY.events]
    assert times == sorted(times)
    numbers = numbers_of(read_group(DEPLOY, GROUP))
    owned = numbers.member_view
    assert owned is not None
    assert (numbers.rebalances, numbers.members, owned.partitions) == (6, 6, 12)
    assert owned.double_owned_partition_ms == 0
    assert owned.unavailable_partition_ms > 0


def test_loading_and_panning_are_measured_in_the_browser() -> None:
    require("browser", what="Benchmarks of the HTML page")
    figures = measure(render_html([("a deploy", DEPLOY)]), loads=2, pans=3, frames=3)
    assert [len(figure.runs) for figure in figures] == [2] + [3, 3] * len(VIEWS)
    assert all(run > 0 for figure in figures for run in figure.runs)
