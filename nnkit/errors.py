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
    # Without regard to case: SGD has no letter in common with sgd.
    small = {one.lower(): one for one in names}
    close = [small[one] for one in get_close_matches(name.lower(), small, n=8, cutoff=0.6)]
    if close:
        # Letters that changed places come first: adma is adam, though adamax shares as many with it.
        swapped = (one for one in close if sorted(one.lower()) == sorted(name.lower()))
        return f" Did you mean {next(swapped, close[0])!r}?"
    return f" Known: {', '.join(names)}."
