"""A hyper-parameter that is a list of numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nnkit.errors import InvalidArgument
from nnkit.registry import Hyper, Value, spell_value


@dataclass(frozen=True, slots=True)
class NumberList(Hyper):
    """A hyper-parameter that is a list of numbers, spelled ``700|900``: commas part hyper-parameters."""

    whole: bool = False

    def range_text(self) -> str:
        return "whole numbers parted by |" if self.whole else "numbers parted by |"

    def check(self, value: Value, where: str) -> Value:
        if value is None and self.optional:
            return None
        try:
            found = numbers(value)
        except ValueError:
            found = ()
        if not found or not all(self._is_allowed(number) for number in found):
            kind = "whole numbers of at least 0" if self.whole else "finite numbers above 0"
            example = "700|900" if self.whole else "1|0.5|0.1"
            raise InvalidArgument(
                f"{where}: {self.name} must be {kind} parted by '|', found {value!r}. Try {example!r}."
            )
        return spell_list(found)

    def _is_allowed(self, number: float) -> bool:
        if self.whole:
            return math.isfinite(number) and number >= 0 and number == int(number)
        return math.isfinite(number) and number > 0


def numbers(value: Value) -> tuple[float, ...]:
    """Return the numbers of ``"700|900"``, or raise ValueError; none where the value is none."""
    if value is None or isinstance(value, bool):
        return ()
    return tuple(float(piece) for piece in str(value).split("|"))


def spell_list(given: Sequence[float]) -> str:
    """Return the canonical spelling of a list of numbers."""
    return "|".join(spell_value(float(number)) for number in given)
