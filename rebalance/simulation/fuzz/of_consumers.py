"""What befalls consumers: they die, stand still, are slow, change their minds, are deployed."""

from rebalance.simulation.fuzz.fault import Fault, of_one, some_are_dynamic
from rebalance.simulation.fuzz.story import Story, pause_text

__all__ = ["FAULTS"]


def _crash(story: Story, name: str) -> None:
    story.crash(name)


def _crash_and_return(story: Story, name: str) -> None:
    story.crash(name)
    story.let_pass()
    story.start(name)


def _dies_on_answer(story: Story, name: str) -> None:
    """It may die at any time from now on, or never."""
    error = story.dice.choice(
        ("MEMBER_ID_REQUIRED", "NONE", "REBALANCE_IN_PROGRESS", "UNKNOWN_MEMBER_ID")
    )
    story.will_go(name)
    story.say(f"crash {name} on {error}")


def _dies_as_it_comes(story: Story) -> bool:
    """It gets a member id and never joins with it: the group waits for it (G04)."""
    able = story.idle or story.gone
    if not able or len(story.running) >= story.most:
        return False
    name = story.dice.choice(able)
    story.start(name)
    story.will_go(name)
    story.say(f"crash {name} on MEMBER_ID_REQUIRED")
    return True


def _restart(story: Story) -> bool:
    """A deploy of one to three. They are not spoken of until the last one is back."""
    if not story.running:
        return False
    dice = story.dice
    names = dice.sample(story.running, dice.randint(1, min(3, len(story.running))))
    every_ms = dice.choice((0, 300, 2000)) if len(names) > 1 else 0
    away_ms = dice.randint(200, 6000)
    every = f" every {every_ms}ms" if every_ms else ""
    killed = " killed" if dice.random() < 0.3 else ""
    story.running = [name for name in story.running if name not in names]
    story.say(f"restart {' '.join(names)}{every} away {away_ms}ms{killed}")
    story.let_pass()
    story.say(f"run for {away_ms + every_ms * (len(names) - 1) + 1}ms")
    story.running += names
    return True


def _pause(story: Story, name: str) -> None:
    story.say(f"pause {name} for {pause_text(story.dice, 300, 3000, 7000, 12000)}")


def _busy(story: Story, name: str) -> None:
    story.say(f"busy {name} for {pause_text(story.dice, 500, 4000, 9000, 16000)}")


def _suspended_machine(story: Story, name: str) -> None:
    story.say(f"clock {name} jumps {pause_text(story.dice, 500, 4000, 9000)}")


def _drifting_clock(story: Story, name: str) -> None:
    story.say(f"clock {name} counts {story.dice.choice((900, 950, 1050, 1100))}ms")


def _slow_listener(story: Story, name: str) -> None:
    callback = story.dice.choice(("revoke", "assign", "lose"))
    story.say(f"listener {name} {callback}={pause_text(story.dice, 50, 800, 4000, 9000)}")
    story.mending[f"{name} {callback}"] = f"listener {name} {callback}=0ms"


def _slow_assignor(story: Story, name: str) -> None:
    story.say(f"assignor {name} takes={pause_text(story.dice, 100, 2000, 8000, 20000)}")
    story.mending[f"{name} assignor"] = f"assignor {name} takes=0ms"


def _raises(story: Story, name: str) -> None:
    what = story.dice.choice(("revoke", "assign", "lose", "assignor"))
    story.say(f"raise {name} {what}")


def _subscription_changes(story: Story) -> bool:
    """Of a dynamic member: a static one's successor would come back with the old one (J15)."""
    name = _some_dynamic(story)
    if name is None:
        return False
    if story.dice.random() < 0.3:
        story.say(f"subscribe {name} topics=")
        story.let_pass()
    topics = list(story.topics)
    wanted = sorted(story.dice.sample(topics, story.dice.randint(1, len(topics))))
    story.say(f"subscribe {name} topics={','.join(wanted)}")
    return True


def _unsubscribes_and_goes(story: Story) -> bool:
    """It is closed once it wants nothing any more, or while it says so."""
    name = _some_dynamic(story)
    if name is None:
        return False
    story.say(f"subscribe {name} topics=")
    if story.dice.random() < 0.7:
        story.say(f"run until {name} is Unsubscribed within 6s")
    story.close(name)
    return True


def _some_dynamic(story: Story) -> str | None:
    dynamic = [name for name in story.running if story.consumers[name].instance is None]
    return story.dice.choice(dynamic) if dynamic else None


def _asks_for_rebalance(story: Story, name: str) -> None:
    story.say(f'rejoin {name} reason="a user\'s wish"')


def _commits(story: Story, name: str) -> None:
    story.say(f"commit {name}")


def _permission_taken(story: Story, name: str) -> None:
    """It fails where it is, or as it comes back and looks for its coordinator."""
    story.say(f"forbid {name}")
    if story.dice.random() < 0.5:
        story.crash(name)
        story.start(name)
        story.say(f"run for {story.dice.randint(5, 500)}ms")
    story.let_pass()
    if name in story.running:
        story.crash(name)
    story.say(f"allow {name}")


FAULTS = (
    Fault(name="crash", weight=3, write=of_one(_crash)),
    Fault(name="crash and return", weight=4, write=of_one(_crash_and_return)),
    Fault(name="crash on an answer", weight=1, write=of_one(_dies_on_answer)),
    Fault(name="pending id that never joins", weight=2, write=_dies_as_it_comes),
    Fault(name="deploy", weight=3, write=_restart),
    Fault(name="pause", weight=5, write=of_one(_pause)),
    Fault(name="busy", weight=4, write=of_one(_busy)),
    Fault(name="suspended machine", weight=2, write=of_one(_suspended_machine)),
    Fault(name="drifting clock", weight=1, write=of_one(_drifting_clock)),
    Fault(name="slow listener", weight=4, write=of_one(_slow_listener)),
    Fault(name="slow assignor", weight=2, write=of_one(_slow_assignor)),
    Fault(name="raising callback", weight=1, write=of_one(_raises)),
    Fault(
        name="subscription change", weight=5, write=_subscription_changes, needs=some_are_dynamic
    ),
    Fault(
        name="unsubscribed and closed",
        weight=1,
        write=_unsubscribes_and_goes,
        needs=some_are_dynamic,
    ),
    Fault(name="rebalance on request", weight=2, write=of_one(_asks_for_rebalance)),
    Fault(name="commit", weight=1, write=of_one(_commits)),
    Fault(name="permission taken", weight=1, write=of_one(_permission_taken)),
)
