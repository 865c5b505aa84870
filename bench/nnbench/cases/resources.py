"""Where the content that ships with nnbench lies: in a wheel beside the package, in a checkout at its top."""

from pathlib import Path

from nnbench.errors import EnvironmentProblem

_PACKAGE = Path(__file__).resolve().parents[1]


def cases_folder() -> Path:
    """Return the folder of the shipped cases, matrices and claims."""
    return _shipped("cases")


def reports_folder() -> Path:
    """Return the folder of the report templates, the style sheet and the published results."""
    return _shipped("reports")


def _shipped(name: str) -> Path:
    in_wheel = _PACKAGE / f"_{name}"
    in_checkout = _PACKAGE.parents[1] / name
    for folder in (in_wheel, in_checkout):
        if folder.is_dir():
            return folder
    raise EnvironmentProblem(
        f"{name}: this folder ships with nnbench and is missing. Looked at {in_wheel} and {in_checkout}."
        " Install nnbench again."
    )
