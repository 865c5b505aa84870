"""How steady the timed calls are where nothing changed: suites of the head against itself."""

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from nnbench.plan.gate import SpeedSection
from nnbench.records.gate import GateItem, Steadiness
from nnbench.statistics.comparing.duets import smallest_visible
from nnbench.statistics.comparing.non_inferiority import LEVEL
from nnbench.studies.gate.sides import Side
from nnbench.studies.gate.speed.judging import FLOOR_S, Question
from nnbench.studies.gate.speed.process import Prober, idlest_cpus
from nnbench.studies.gate.speed.study import name_of
from nnbench.studies.gate.speed.timing import CONFIRMED, Course, time_in_pairs

N_SUITES = 40
_LEAST_MARGIN = 0.03  # below it the machine is rarely worth more


def calibrate_speed(
    asked: Sequence[SpeedSection],
    side: Side,
    work: Path,
    *,
    n_suites: int,
    say: Callable[[str], None],
) -> list[Steadiness]:
    """Time all calls against themselves, as often as a gate would; suites of pytest are left out."""
    questions = {
        each.call: Question(name_of(each), "speed", each.call, each.margin, FLOOR_S)
        for each in asked
        if each.call is not None
    }
    found: dict[str, list[GateItem]] = defaultdict(list)
    for suite in range(n_suites if questions else 0):
        say(f"speed: suite {suite + 1} of {n_suites} on unchanged code")
        draws = np.random.Generator(np.random.Philox(suite))
        prober = Prober(Path(tempfile.mkdtemp(prefix="speed-", dir=work)), idlest_cpus()[0], draws)
        course = Course((replace(side, name="base"), side), prober, lambda: False, lambda line: None)
        for item in time_in_pairs(course, questions, {}):
            found[item.name].append(item)
    return [_steadiness(name, items, len(questions)) for name, items in found.items()]


def _steadiness(name: str, items: Sequence[GateItem], n_calls: int) -> Steadiness:
    n_red = sum(item.verdict == "regressed" for item in items)
    spreads = [
        float(item.evidence["sd_between_pairs"]) for item in items if "sd_between_pairs" in item.evidence
    ]
    sd = median(spreads) if spreads else math.nan
    # What the confirmation can see beyond no margin at all is the least margin that means something here.
    seen = smallest_visible(sd, CONFIRMED[-1], 0.0, level=LEVEL / n_calls) if spreads else math.nan
    margin = max(_LEAST_MARGIN, math.ceil(100.0 * seen) / 100.0) if math.isfinite(seen) else math.nan
    return Steadiness(name, len(items), n_red, sd, margin)
