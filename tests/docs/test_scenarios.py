"""docs/scenarios.md lists every story, by what one wants to know and by rule."""

from tests.support.story_index import BEGIN, DOCUMENT, QUESTIONS, rewritten, stories, title, untold


def test_the_index_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert BEGIN in text
    assert rewritten(text) == text, "run python -m tests.support.story_index"


def test_every_rule_that_a_story_can_show_has_one() -> None:
    assert untold() == []


def test_there_are_enough_stories_and_each_has_a_title() -> None:
    every = stories()
    assert len(every) >= 40
    for name, story in every.items():
        assert len(title(story)) > 15, name


def test_every_question_is_answered_by_stories_that_exist() -> None:
    every = stories()
    for question, names in QUESTIONS.items():
        assert len(names) >= 3, question
        assert set(names) <= set(every), question
