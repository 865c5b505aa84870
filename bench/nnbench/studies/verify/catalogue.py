"""All checks, and those that somebody asks for."""

from collections.abc import Iterator, Sequence

from nnbench.errors import UsageError
from nnbench.records.checks import Checked
from nnbench.studies.verify import descent, graphs, images, listing, norms, rates, slopes, weights
from nnbench.studies.verify.check import Check, carried_out
from nnkit.errors import did_you_mean

_FAMILIES = (descent, rates, weights, graphs, slopes, images, norms, listing)


def checks() -> tuple[Check, ...]:
    """Return every check, in the order of the figures' numbers."""
    return tuple(sorted((check for family in _FAMILIES for check in family.CHECKS), key=_order))


def chosen(ids: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of these figures (``X1``, or ``X1.a`` alone); all of them where none is named."""
    known = checks()
    names = {name for check in known for name in (check.id, figure(check.id))}
    wanted = [word[:1].upper() + word[1:].lower() for word in ids]
    for word, name in zip(ids, wanted, strict=True):
        if name not in names:
            raise UsageError(f"there is no check {word!r}.{did_you_mean(name, names)} They are X1 to X28.")
    return tuple(check for check in known if not ids or {check.id, figure(check.id)} & set(wanted))


def carry_out(asked: Sequence[Check]) -> Iterator[Checked]:
    return map(carried_out, asked)


def figure(id_: str) -> str:
    """Return ``X1`` for ``X1.a``."""
    return id_.partition(".")[0]


def _order(check: Check) -> tuple[int, str]:
    return int(figure(check.id)[1:]), check.id
