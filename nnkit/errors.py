"""The typed errors of nnkit. Each message says where, what was expected, what was found and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class NnkitError(Exception):
    """A mistake that the caller can mend; its text is one clear line."""


class UnknownName(NnkitError, KeyError):
    """A part was asked for by a name that no registry holds."""

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidArgument(NnkitError, ValueError):
    """An argument lies outside its range or has the wrong type or shape."""


class InUse(InvalidArgument, RuntimeError):
    """A model was asked for something while it is being trained elsewhere."""


class InvalidData(NnkitError, ValueError):
    """Data that cannot be trained on: wrong shape, not finite, labels out of range."""


class EnvironmentProblem(NnkitError, OSError):
    """The machine refuses something: disk, permission, compiler."""


def shown(value: object) -> str:
    """Return ``repr(value)``, cut in the middle where it would fill the screen."""
    try:
        text = repr(value)
    except ValueError:  # Python does not spell whole numbers of more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:38]}…{text[-38:]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'adam'?"``, or the sorted known names where none is close."""
    names = sorted(known)
    close = get_close_matches(name, names, n=8, cutoff=0.6)
    if close:
        # Of those that share much, the one that fewest slips of the finger lead to: adma is adam, not adamax.
        return f" Did you mean {min(close, key=lambda one: _n_slips(name, one))!r}?"
    return f" Known: {', '.join(names)}."


def _n_slips(written: str, meant: str) -> int:
    """Return how many letters were left out, put in, mistaken, or exchanged with the next."""
    before, last = [0] * (len(meant) + 1), list(range(len(meant) + 1))
    for i, letter in enumerate(written, 1):
        row = [i]
        for j, other in enumerate(meant, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and written[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
