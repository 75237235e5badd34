"""Every way to write a group file wrongly: one line that names file, line and key."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.group_file import GroupFileError, dump, load

from .groups import group_files


def complaint(text: str) -> str:
    with pytest.raises(GroupFileError) as caught:
        load(textwrap.dedent(text), "shop.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 250
    return message


def in_member(line: str) -> str:
    return f"topics: {{orders: 4}}\nmembers:\n  m1:\n    topics: [orders]\n    {line}\n"


def with_line(line: str) -> str:
    return f"topics: {{orders: 4, payments: 2}}\nmembers: {{}}\n{line}\n"


NOT_A_FILE = [
    ("", "shop.yaml: empty"),
    ("# nothing\n", "shop.yaml: empty"),
    ("hello", "shop.yaml:1: hello where a mapping is expected"),
    ("[1, 2]", "shop.yaml:1: a list where a mapping is expected"),
    ("topics: {a: 1\nmembers: {}", "shop.yaml:2: "),
    ("topics: {a: @x}\nmembers: {}", "shop.yaml:1: "),
    ("topics: {}\nmembers: {}\n---\ntopics: {}", "shop.yaml:3: a second document"),
    ("topics: {}\nmembers: {}\nx: \x07", "shop.yaml:3: the character U+0007"),
    ('topics: {"\\ud800": 1}\nmembers: {}', "shop.yaml:1: "),
    ('{"topics": {},\n "members": {"\\ud800": {"topics": []}}}', "shop.yaml:2: "),
    ("topics: {a: *counts}\nmembers: {}", "shop.yaml:1: *counts: no &counts before it"),
    ("topics: &t\n  a: *t\nmembers: {}", "shop.yaml:2: *t: inside of &t itself"),
    ("[" * 100_000, "shop.yaml:1: nested deeper than 50"),
    ("- " * 100_000, "shop.yaml:1: nested deeper than 50"),
    ("topics: !!python/object:os.system {}\nmembers: {}", "shop.yaml:1: the tag !!python/object"),
    ("topics: {[a]: 1}\nmembers: {}", "shop.yaml:1: a list or mapping where a name"),
    ("members: {}", "shop.yaml:1: topics: is missing"),
    ("topics: {}", "shop.yaml:1: members: is missing"),
    ("topics:\nmembers: {}", "shop.yaml:1: topics: is missing"),
    (
        "topics: {}\nmembers: {}\nasignor: sticky",
        "shop.yaml:3: asignor: unknown: did you mean assig",
    ),
    (
        "topics: {}\nmembers: {}\nx: 1",
        "shop.yaml:3: x: unknown: known are topics, members",
    ),
]


@pytest.mark.parametrize(("text", "expected"), NOT_A_FILE, ids=lambda value: value[:30])
def test_a_text_that_is_no_group_file(text: str, expected: str) -> None:
    assert complaint(text).startswith(expected)


TWICE = [
    "topics: {orders: 4}\nmembers:\n  m1: {topics: []}\n  m1: {topics: [orders]}\n",
    '{"topics": {"orders": 4}, "members": {\n"m1": {"topics": []},\n\n"m1": {"topics": []}}}',
    '{"topics": {"orders": 4},\n\n\n"topics": {"orders": 4}, "members": {}}',
    "topics:\n  on: 4\n\n  'on': 4\nmembers: {}",
]


@pytest.mark.parametrize("text", TWICE)
def test_a_key_that_is_there_twice(text: str) -> None:
    message = complaint(text)
    assert message.startswith("shop.yaml:4: ")
    assert "is here twice (also at line" in message


TOPICS = [
    ("orders: -1", "topics.orders: -1: give its number of partitions from 0"),
    ("orders: 1.5", "topics.orders: 1.5 where its number of partitions is expected"),
    ("orders: yes", "topics.orders: yes where its number of partitions is expected"),
    ("orders:", "topics.orders: nothing where its number of partitions is expected"),
    ("orders: [4]", "topics.orders: a list where"),
    ("orders: 4294967296", "topics.orders: 4294967296: give"),
    ("orders: 2000000000", "topics.orders: 2,000,000,000 partitions so far"),
    ("'': 4", "topics.'': an empty name"),
    ("orders: {}", "topics.orders: no partitions"),
    ("orders: {partitons: 4}", "topics.orders.partitons: unknown: did you mean partitions?"),
    ("orders: {partitions: 2, racks: [a]}", "topics.orders.racks: 1 entries for 2 partitions"),
    ("orders: {racks: a}", "topics.orders.racks: a where a list is expected"),
    ("orders: {racks: [{a: b}]}", "topics.orders.racks[0]: a mapping where the name of a rack"),
]


@pytest.mark.parametrize(("line", "expected"), TOPICS)
def test_topics(line: str, expected: str) -> None:
    message = complaint(f"members: {{}}\ntopics:\n  {line}\n")
    assert message.startswith(f"shop.yaml:3: {expected}")


MEMBERS = [
    ("topcs: [orders]", "topcs: unknown: did you mean topics?"),
    ("owned: [0]", "owned: a list where a mapping is expected"),
    ("owned: {orders: 3-1}", "owned.orders: 3-1: a range goes up"),
    ("owned: {orders: -1}", "owned.orders: -1 are no partition ids: write 3, 0-3"),
    ("owned: {orders: first}", "owned.orders: first are no partition ids"),
    ("owned: {orders: [0, [1]]}", "owned.orders[1]: a list where partition ids"),
    ("owned: {orders: 0-2147483647}", "owned.orders: more than 10,000,000 partitions"),
    ("owned: {orders: 2147483648}", "owned.orders: 2147483648 is no partition"),
    ("owned: {ordres: all}", "owned.ordres: all of a topic that is not under topics: did you mean"),
    ("generation: five", "generation: five where a generation (-1 = unknown) is expected"),
    ("generation: 2147483648", "generation: 2147483648: give a generation"),
    ("instance: []", "instance: a list where a group instance id is expected"),
    ("rack: ''", "rack: empty: give the name of a rack"),
    ("capacity: 0", "capacity: 0: give a capacity, more than 0"),
    ("capacity: -2", "capacity: -2: give a capacity, more than 0"),
    ("capacity: .nan", "capacity: .nan is no number"),
    ("capacity: .inf", "capacity: .inf is no number"),
    ("capacity: 1e999", "capacity: 1e999 is too large"),
    ("capacity: large", "capacity: large is no number"),
    ("labels: [a]", "labels: a list where a mapping is expected"),
    ("labels: {zone: [a]}", "labels.zone: a list where the value of a label is expected"),
    ("user_data: AAAA", 'user_data: AAAA is no user data: give "base64:" and'),
    ("user_data: 'base64:A'", "user_data: not base64"),
    ("user_data: 'base64:ä'", "user_data: not base64"),
]


@pytest.mark.parametrize(("line", "expected"), MEMBERS)
def test_members(line: str, expected: str) -> None:
    assert complaint(in_member(line)).startswith(f"shop.yaml:5: members.m1.{expected}")


def test_a_member_without_topics() -> None:
    message = complaint("topics: {}\nmembers:\n  m1:\n    rack: a\n")
    assert message.startswith("shop.yaml:3: members.m1: no topics: list what it subscribes to")


def test_topics_of_a_member_that_are_no_list() -> None:
    message = complaint("topics: {}\nmembers:\n  m1: {topics: orders}\n")
    assert message.startswith("shop.yaml:3: members.m1.topics: orders where a list is expected")


def test_a_member_without_an_id() -> None:
    assert "members.'': an empty name" in complaint("topics: {}\nmembers: {'': {topics: []}}")


def test_a_topic_called_null_must_be_quoted_in_a_list() -> None:
    message = complaint("topics: {}\nmembers: {m1: {topics: [null]}}")
    assert "a name like null goes in quotes" in message


def test_a_strange_name_stays_on_one_line() -> None:
    message = complaint(f'topics: {{"a\\nb{"x" * 500}": -1}}\nmembers: {{}}')
    assert message.startswith("shop.yaml:1: topics.'a\\nbxxx")


REST = [
    ("weights: {ordres: 1}", "weights.ordres: no such topic: did you mean orders?"),
    ("weights: {users: 1}", "weights.users: no such topic: known are orders, payments"),
    ("weights: {orders: -1}", "weights.orders: -1: give a weight, 0 or more"),
    ("weights: {orders: .nan}", "weights.orders: .nan is no number: give a weight"),
    ("weights: {orders: NaN}", "weights.orders: NaN is no number: give a weight"),
    ("weights: {orders: }", "weights.orders: nothing where a weight is expected"),
    ("weights: {orders: heavy}", "weights.orders: heavy is no number"),
    ("weights: {orders: [1, 2]}", "weights.orders: 2 weights for 4 partitions"),
    ("weights: {payments: [1, ~]}", "weights.payments[1]: nothing where a weight is expected"),
    ("weights: {payments: [1, -2]}", "weights.payments[1]: -2: give a weight, 0 or more"),
    ("weights: 3", "weights: 3 where a mapping is expected: give a topic name"),
    ("objective: fast", "objective: fast where a mapping is expected"),
    ("constraints: [a]", "constraints: a list where a mapping is expected"),
    ("assignor: {name: sticky}", "assignor: a mapping where the name of an assignor is expected"),
    ("assignor: [[sticky]]", "assignor[0]: a list where the name of an assignor is expected"),
]


@pytest.mark.parametrize(("line", "expected"), REST)
def test_weights_and_how_to_assign(line: str, expected: str) -> None:
    assert complaint(with_line(line)).startswith(f"shop.yaml:3: {expected}")


FRAGMENTS = st.sampled_from(
    [
        *"{}[]:,&*!|>'\"%@`-?# \n\t~",
        "topics:",
        "members:",
        "m1",
        "a",
        "<<: *a",
        "&a ",
        "owned",
        "0-3",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=30) | st.lists(FRAGMENTS, max_size=30).map("".join))
def test_no_text_is_more_than_a_mistake(text: str) -> None:
    read_or_refused(text)


def read_or_refused(text: str) -> None:
    try:
        load(text, "shop.yaml")
    except GroupFileError as error:
        message = str(error)
    else:
        return
    assert message.startswith("shop.yaml")
    assert len(message.splitlines()) == 1


@settings(deadline=None, max_examples=200)
@given(group_files().map(dump), st.data())
def test_a_group_file_with_a_slip_of_the_pen(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    read_or_refused(text[:at] + data.draw(FRAGMENTS) + text[at + data.draw(st.integers(0, 3)) :])
