"""What a project's own runner can see: margins and scatter, measured overnight and committed."""

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tomlkit

from nnbench.cases.fields import NotNegative, Positive, Section
from nnbench.cases.files import check, read_toml
from nnbench.errors import UsageError
from nnbench.machine.writing import write_files
from nnbench.plan.durations import read_budget
from nnbench.plan.gate import CALIBRATION, LearningSection
from nnbench.records.gate import Scatter, Steadiness
from nnbench.statistics.comparing.non_inferiority import LEVEL, look_at, spent
from nnbench.statistics.estimation.distributions import t_quantile
from nnbench.studies.gate.learning.study import Calibrated
from nnbench.studies.gate.learning.trainers import SideTrainer
from nnbench.studies.gate.sides import Side

N_SEEDS = 40
N_GATES = 1000  # drawn from the seeds that were trained
POWER = 0.9  # of the gates on unchanged code are to end with "not worse" after all seeds
_DIGITS = 2


class _Learning(Section):
    margin: Positive
    sigma: NotNegative
    n: int = 0
    red_of_1000: int = 0


class _Speed(Section):
    margin: Positive
    sd: NotNegative
    suites: int = 0
    red: int = 0


class _File(Section):
    learning: dict[str, _Learning] = {}  # noqa: RUF012
    speed: dict[str, _Speed] = {}  # noqa: RUF012


def read_calibration(folder: Path) -> dict[str, Calibrated]:
    """Return what was calibrated, by the subject's name; nothing where nobody did."""
    path = folder / CALIBRATION
    if not path.is_file():
        return {}
    file = check(_File, read_toml(path), CALIBRATION)
    return {name: Calibrated(each.margin, each.sigma) for name, each in file.learning.items()}


def calibrate_learning(
    subjects: Sequence[LearningSection], sides: tuple[Side, Side], work: Path, say: Callable[[str], None]
) -> list[Scatter]:
    """Train each subject on many seeds, half of them on either of two sides of the same code."""
    return [_scatter(each, sides, work / str(n), say) for n, each in enumerate(subjects)]


def _scatter(
    asked: LearningSection, sides: tuple[Side, Side], work: Path, say: Callable[[str], None]
) -> Scatter:
    say(f"learning: {asked.name}, {N_SEEDS} seeds")
    timeout_s = read_budget(asked.timeout, f"gate.learning {asked.name}, timeout")
    stop = threading.Event()
    trainers = [SideTrainer(side, asked.call, work, timeout_s=timeout_s, stop=stop) for side in sides]
    try:
        with ThreadPoolExecutor(len(trainers)) as pool:
            halves = [
                pool.submit(_finals, trainer, asked.metric, range(place, N_SEEDS, len(trainers)))
                for place, trainer in enumerate(trainers)
            ]
            try:
                scores = np.array([value for half in halves for value in half.result()])
            except BaseException:
                stop.set()
                raise
    finally:
        for trainer in trainers:
            trainer.close()
    if scores.size < 2:
        raise UsageError(
            f"tool.nnbench.gate.learning {asked.name!r}: {scores.size} of {N_SEEDS} seeds left a"
            f" {asked.metric!r}. Set `metric` to one that it logs."
        )
    return scatter_of(asked, scores, N_SEEDS - scores.size)


def _finals(trainer: SideTrainer, metric: str, seeds: range) -> list[float]:
    found = (trainer.train(seed).final(metric) for seed in seeds)
    return [value for value in found if value is not None and math.isfinite(value)]


def scatter_of(asked: LearningSection, scores: "np.typing.NDArray[np.float64]", n_failed: int) -> Scatter:
    """Return the margin that follows from the scores of seeds, and the false alarms that it gives.

    margin = (t(0.975) + t(POWER)) σ_d / sqrt(n), with σ_d = sqrt(2) σ and n the pairs of the last look: as
    far apart as unchanged code with other seeds stays in nine of ten gates. Rounded up to two digits.
    """
    n = asked.seeds[-1]
    sigma = math.sqrt(2.0) * float(scores.std(ddof=1))
    reach = (t_quantile(0.975, n - 1) + t_quantile(POWER, n - 1)) * sigma / math.sqrt(n)
    # A metric without any scatter still needs a margin above nothing.
    margin = _rounded_up(max(reach, 1e-6 * max(abs(float(scores.mean())), 1e-6)))
    return Scatter(
        asked.name, asked.metric, scores.size, n_failed, sigma, margin, _n_red(asked, scores, margin)
    )


def _rounded_up(value: float) -> float:
    unit = 10.0 ** (math.floor(math.log10(value)) - _DIGITS + 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.{_DIGITS}g}")


def _n_red(asked: LearningSection, scores: "np.typing.NDArray[np.float64]", margin: float) -> int:
    """Return how many gates of unchanged code are red, each with seeds drawn from those that were trained."""
    draws = np.random.Generator(np.random.Philox(0))
    levels = spent(LEVEL, asked.seeds)
    n_red = 0
    for _ in range(N_GATES):
        base, head = draws.choice(scores, (2, asked.seeds[-1]))
        for n, level in zip(asked.seeds, levels, strict=True):
            called = look_at(
                base[:n], head[:n], margin=margin, is_better_higher=asked.is_better_higher, level=level
            ).called
            if called != "cannot_tell":
                n_red += called == "worse"
                break
    return n_red


def write_calibration(folder: Path, found: Sequence[Scatter], steady: Sequence[Steadiness]) -> Path:
    """Write the margins into nnbench-gate.toml; what else stands there is kept."""
    path = folder / CALIBRATION
    content = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    tables: dict[str, dict[str, dict[str, float]]] = {
        "learning": {
            each.name: {
                "margin": each.margin,
                "sigma": float(f"{each.sigma:.3g}"),
                "n": each.n,
                "red_of_1000": each.n_red,
            }
            for each in found
        },
        "speed": {
            each.name: {
                "margin": each.margin,
                "sd": float(f"{each.sd:.3g}"),
                "suites": each.n_suites,
                "red": each.n_red,
            }
            for each in steady
            if math.isfinite(each.margin)
        },
    }
    for kind, rows in tables.items():
        if rows:
            content.setdefault(kind, tomlkit.table()).update(rows)
    write_files({path: tomlkit.dumps(content)})
    return path
