"""The wish to stop reaches those who look and those who cannot."""

from nnbench.machine.stopping import Stop


def test_those_inside_a_block_are_told_and_those_outside_are_not() -> None:
    stop, told = Stop(), []

    with stop.telling(lambda: told.append("gone")):
        pass
    with stop.telling(lambda: told.append("here")):
        stop.set()

    assert stop.is_set()
    assert told == ["here"]


def test_a_wish_that_came_before_is_told_at_once() -> None:
    stop, told = Stop(), []
    stop.set()

    with stop.telling(lambda: told.append("at once")):
        assert told == ["at once"]
