"""What a few lines may cost: a text takes about what its length says, whatever aliases repeat."""

from __future__ import annotations

import tracemalloc

import pytest

from rebalance.group_file import GroupFileError, load, nodes

OWNED = "topics: {a: 1}\nmembers:\n  m: &m {topics: [a], owned: {a: 0-9999999}}\n"
ALL = "topics: {a: 9999999}\nmembers:\n  m: &m {topics: [a], owned: {a: all}}\n"
TOPICS = "topics: {}\nmembers:\n  m: {topics: &t [MANY]}\n".replace(
    "MANY", ", ".join(f"t{n}" for n in range(20_000))
)
LABELS = "topics: {}\nmembers:\n  m: {topics: [], labels: &t {MANY}}\n".replace(
    "MANY", ", ".join(f"t{n}: x" for n in range(20_000))
)
NESTED = "topics: {}\nmembers: {}\nobjective:\n  a0: &a0 [x]\n" + "".join(
    f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
LONG = "topics: {a: 1}\nmembers:\n  m: {topics: [], owned: {a: &t 'MANY'}}\n".replace(
    "MANY", "0," * 100_000 + "0"
)
MERGED = "topics: {}\nmembers: {}\nweights:\n  a: &a {MANY}\n".replace(
    "MANY", ", ".join(f"t{n}: 1" for n in range(9_999))
)

BOMBS = [
    pytest.param(
        OWNED + "".join(f"  m{n}: *m\n" for n in range(200)),
        "shop.yaml:3: members.m0.owned.a: more than 10,000,000 partitions claimed so far",
        id="owned",
    ),
    pytest.param(
        ALL + "".join(f"  m{n}: *m\n" for n in range(200)),
        "shop.yaml:3: members.m0.owned.a: more than 10,000,000 partitions claimed so far",
        id="all",
    ),
    pytest.param(
        TOPICS + "".join(f"  m{n}: {{topics: *t}}\n" for n in range(300)),
        "shop.yaml:103: *t: with this one, aliases repeat more than 2,000,000 values",
        id="topics",
    ),
    pytest.param(
        LABELS + "".join(f"  m{n}: {{topics: [], labels: *t}}\n" for n in range(3_000)),
        "shop.yaml:53: *t: with this one, aliases repeat more than 2,000,000 values",
        id="labels",
    ),
    pytest.param(
        NESTED,
        "shop.yaml:10: *a5: with this one, aliases repeat more than 2,000,000 values",
        id="nested",
    ),
    pytest.param(
        LONG + "".join(f"  m{n}: {{topics: [], owned: {{a: *t}}}}\n" for n in range(200)),
        "shop.yaml:83: *t: with this one, aliases repeat more than 2,000,000 values",
        id="text",
    ),
    pytest.param(
        MERGED + "".join(f"  b{n}: {{<<: *a}}\n" for n in range(200)),
        "shop.yaml:105: *a: with this one, aliases repeat more than 2,000,000 values",
        id="merged",
    ),
]


@pytest.mark.parametrize(("text", "expected"), BOMBS)
def test_a_few_lines_cannot_fill_memory(text: str, expected: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(GroupFileError) as caught:
            load(text, "shop.yaml")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(expected)
    assert most < 150_000_000


def test_what_is_written_out_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST_REPEATED", 2)
    text = "topics: {a: &n 3, b: 3, c: 3}\nmembers: {m: {topics: [a, b, c]}}\nweights: {a: *n}"
    assert load(text, "shop.yaml").weights == {"a": 3}
    with pytest.raises(GroupFileError, match=r"\*n: with this one"):
        load(text.replace("*n", "[*n, *n, *n]"), "shop.yaml")
