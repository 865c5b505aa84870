"""What a project's own runner can see: margins and scatter, measured overnight and committed."""

from pathlib import Path

from nnbench.cases.files import check, read_toml
from nnbench.cases.spec import NotNegative, Positive, Section
from nnbench.plan.gate import CALIBRATION
from nnbench.studies.gate.learning.study import Calibrated


class _Learning(Section):
    margin: Positive
    sigma: NotNegative


class _File(Section):
    learning: dict[str, _Learning] = {}  # noqa: RUF012


def read_calibration(folder: Path) -> dict[str, Calibrated]:
    """Return what was calibrated, by the subject's name; nothing where nobody did."""
    path = folder / CALIBRATION
    if not path.is_file():
        return {}
    file = check(_File, read_toml(path), CALIBRATION)
    return {name: Calibrated(each.margin, each.sigma) for name, each in file.learning.items()}
