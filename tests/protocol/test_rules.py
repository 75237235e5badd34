"""docs/rules.md says which tests show which rule."""

from tests.support import rules


def test_the_document_is_up_to_date() -> None:
    assert rules.DOCUMENT.read_text(encoding="utf-8") == rules.document(), (
        "run `python -m tests.support.rules`"
    )


def test_every_rule_is_shown_by_a_test_or_is_marked_as_later() -> None:
    assert set(rules.RULES) - set(rules.shown()) <= rules.LATER


def test_no_rule_is_marked_as_later_that_is_shown() -> None:
    assert not rules.LATER & set(rules.shown())


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    known = set(rules.RULES)
    named = {rule for rule in rules.shown() if rule[0] in rules.SECTIONS}
    assert named <= known
    assert known >= rules.LATER


def test_statements_are_half_a_line() -> None:
    for rule, statement in rules.RULES.items():
        assert rule[0] in rules.SECTIONS
        assert len(statement) <= 90, rule
