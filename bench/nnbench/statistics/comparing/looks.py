"""Looking again: the level of a comparison is spent over its looks by a rule that was fixed beforehand.

Seeds that are added to stored ones make a further look at the same question, and whoever looks until
something shows will be shown something. So the first look has four fifths of the level, and look j ≥ 2 has a
fifth of it / (j (j − 1)): however many there are, they add up to the level (Bonferroni's inequality).
"""

import math

LEVEL = 0.05  # of a comparison with all its looks; and of the intervals, which are 95 %
_FIRST_SHARE = 0.8


def level_of_look(look: int, *, level: float = LEVEL) -> float:
    """Return the level at which this look is judged; looks count from 1."""
    if look == 1:
        return _FIRST_SHARE * level
    return (1.0 - _FIRST_SHARE) * level / (look * (look - 1))


def fewest_seeds(level: float) -> int:
    """Return the fewest seeds with which a family of any size can show a difference: 2 / 2^n <= level."""
    return max(2, math.ceil(math.log2(2.0 / level) - 1e-9))


def fewest_to_race(*, level: float = LEVEL) -> int:
    """Return the fewest seeds with which a configuration can leave a race before its end."""
    return fewest_seeds(level / 2) + 1
