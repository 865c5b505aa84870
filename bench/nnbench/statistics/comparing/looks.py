"""Looking again: the level of a comparison is spent over its looks by a rule that was fixed beforehand.

Seeds that are added to stored ones make a further look at the same question, and whoever looks until
something shows will be shown something. So every look spends the same share of the level that is left, 64 %:
3.2 % at the first look, 1.15 % at the second, 0.41 % at the third. However many there are, they add up to
5 % (Bonferroni's inequality), and 6 seeds at a first look, 8 at a second and 9 at a third can tell something.
"""

import math

LEVEL = 0.05  # of a comparison with all its looks; and of the intervals, which are 95 %
_SHARE = 0.64


def level_of_look(look: int, *, level: float = LEVEL) -> float:
    """Return the level at which this look is judged; looks count from 1."""
    return level * _SHARE * (1.0 - _SHARE) ** (look - 1)


def fewest_seeds(level: float) -> int:
    """Return the fewest seeds with which a family of any size can show a difference: 2 / 2^n <= level."""
    return max(2, math.ceil(math.log2(2.0 / level) - 1e-9))


def fewest_to_race(*, level: float = LEVEL) -> int:
    """Return the fewest seeds with which a configuration can leave a race before its end."""
    return fewest_seeds(level / 2) + 1
