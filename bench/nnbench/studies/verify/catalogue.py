"""All checks by group, and those that somebody asks for."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from nnbench.errors import UsageError
from nnbench.records.checks import Checked, group_of
from nnbench.studies.verify import (
    constants,
    descent,
    gradients,
    graphs,
    images,
    listing,
    meanfield,
    norms,
    parts,
    quadratics,
    rates,
    slopes,
    weights,
)
from nnbench.studies.verify.check import Check, carried_out
from nnkit.errors import did_you_mean

_FIGURES = (descent, rates, weights, graphs, slopes, images, norms, listing)


def figures() -> tuple[Check, ...]:
    """Return the checks of the notes' figures, in the order of their numbers."""
    return tuple(sorted((check for family in _FIGURES for check in family.CHECKS), key=_order))


# What is checked beside the figures. Functions, because registries grow: by plug-ins, too.
_FAMILIES: tuple[Callable[[], Iterable[Check]], ...] = (
    parts.checks,
    constants.checks,
    gradients.checks,
    meanfield.checks,
    quadratics.checks,
)


def checks() -> tuple[Check, ...]:
    """Return every check: the figures, then group after group."""
    further = [check for family in _FAMILIES for check in family()]
    groups = list(dict.fromkeys(group_of(check.id) for check in further))
    return (*figures(), *sorted(further, key=lambda check: groups.index(group_of(check.id))))


def chosen(ids: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of these groups, figures or parts; all of them where none is named.

    ``optimizers`` is a group, ``optimizers.adam`` a part, ``X1`` a figure, and ``X1.a`` one check of it.
    """
    known = checks()
    named = [(check, {name.lower() for name in _names(check)}) for check in known]
    there = sorted({name for check in known for name in _names(check)})
    wanted = {word.lower() for word in ids}
    for word in ids:
        if not any(word.lower() in names for _, names in named):
            groups = ", ".join(dict.fromkeys(group_of(check.id) for check in known))
            near = did_you_mean(word, there)
            hint = near if near.startswith(" Did") else ""  # and not all that there are
            raise UsageError(
                f"there is no check {word!r}.{hint} The groups are {groups}; the figures are X1 to X28."
            )
    return tuple(check for check, names in named if not ids or names & wanted)


def carry_out(asked: Sequence[Check]) -> Iterator[Checked]:
    return map(carried_out, asked)


def figure(id_: str) -> str:
    """Return ``X1`` for ``X1.a``."""
    return id_.partition(".")[0]


def _names(check: Check) -> set[str]:
    """Return the group of a check, its id, and every beginning of the id that ends before a dot."""
    words = check.id.split(".")
    return {group_of(check.id), *(".".join(words[:end]) for end in range(1, len(words) + 1))}


def _order(check: Check) -> tuple[int, str]:
    return int(figure(check.id)[1:]), check.id
