"""What the functions of this package take and return."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = dict[str, Any]
Step = tuple[Array, State]
Update = Callable[[Array, Array, State, float], Step]
