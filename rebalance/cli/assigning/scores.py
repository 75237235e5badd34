"""The quality table: a row a measure, a column an assignor, and what is possible at best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from assignors.quality import Quality
from rebalance.cli.assigning.running import Outcome, Possible
from rebalance.cli.assigning.today import Today
from rebalance.cli.assigning.words import columns_that_fit, number, shortened, table

Row = tuple[str, Callable[[Quality], str], str, str]
"""Its name; the cell of a plan; that of today, if it is another ("" = measured alike); the best."""


def scores(
    today: Today, now: Quality, best: Possible, ran: Sequence[Outcome], width: int
) -> Iterator[str]:
    """The table, in several if the terminal is too narrow for all columns."""
    rows = list(_rows(today, now, best, ran))
    names = ["quality", *(row[0] for row in rows)]
    todays = ["today", *(row[2] or row[1](now) for row in rows)]
    bests = ["possible", *(row[3] for row in rows)]
    labels = shortened([each.label for each in ran], width * 28 // 100)
    made = [[labels[each.label], *_column(each, rows)] for each in ran]
    if any(each.cooperative for each in ran):
        names += ["rounds", "withheld at first"]
        todays += ["", ""]
        bests += ["", ""]
    fixed = sum(max(map(len, column)) + 2 for column in (names, todays, bests))
    made = [column[: len(names)] for column in made]
    for part in columns_that_fit(made, width - fixed):
        if part.start:
            yield ""
        yield from table([*zip(names, todays, *made[part], bests, strict=True)], indent="")
    if now.settled:
        yield "* the fewest of all plans with the least imbalance"


def _column(outcome: Outcome, rows: Sequence[Row]) -> list[str]:
    assert outcome.quality is not None
    cells = [row[1](outcome.quality) for row in rows]
    return [*cells, f"{len(outcome.rounds)}", f"{len(outcome.rounds[0].withheld):,}"]


def _rows(today: Today, now: Quality, best: Possible, ran: Sequence[Outcome]) -> Iterator[Row]:
    free = f"{len(now.withheld):,} free" if now.withheld else "yes"
    yield "valid", lambda q: "yes" if q.valid else "NO", free, ""
    yield "load", lambda q: span(*q.load_range), "", ""
    yield "imbalance", lambda q: f"{q.imbalance:,}", "", f"{best.imbalance:,}"
    moves = f"{best.moves:,}" if best.proven else f"<= {best.moves:,}"
    yield "moves", lambda q: f"{q.movements:,}", "-", f"{moves} *" if now.settled else "0"
    yield "worst topic skew", lambda q: f"{q.worst_skew:,}", "", ""
    if any(each.quality is not None and each.quality.rack_known for each in ran):
        yield "rack misses", _misses, "", ""
    if today.weighty:
        yield "weight", _weights, "", ""
        yield "fullest, of fair", lambda q: f"{q.worst_relative_load:.0%}", "", ""


def span(least: int, most: int) -> str:
    """`3 to 5`, `4`."""
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _misses(quality: Quality) -> str:
    known = quality.rack_known
    return f"{quality.rack_misses:,} of {known:,}" if known else "-"


def _weights(quality: Quality) -> str:
    values = quality.weighted_loads.values()
    least, most = min(values, default=0.0), max(values, default=0.0)
    return number(least) if least == most else f"{number(least)} to {number(most)}"


def verdict(outcome: Outcome, best: Possible) -> str:
    """How far from the best, in words."""
    quality = outcome.quality
    assert quality is not None
    if not quality.valid:
        return f"{outcome.label}: not to be followed."
    balance = quality.imbalance - best.imbalance
    moves = quality.movements - best.moves
    if balance:
        told = f"imbalance {balance:,} above the least possible"
        if quality.settled:
            told += f"; {_more(moves)} than a balanced plan needs"
        return f"{outcome.label}: {told}."
    told = "as balanced as the subscriptions allow"
    if not quality.settled:
        return f"{outcome.label}: {told}."
    if moves == 0:
        sure = "" if best.proven else ", as far as is known"
        return f"{outcome.label}: {told}, and no such plan moves less{sure}."
    return f"{outcome.label}: {told}, with {_more(moves)} than needed for that."


def _more(moves: int) -> str:
    if moves == 0:
        return "no more moves"
    return f"{abs(moves):,} {'more' if moves > 0 else 'fewer'} move{'s' * (abs(moves) != 1)}"
