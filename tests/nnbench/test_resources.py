"""The shipped folders are found in a wheel, in an editable install and in a checkout."""

import shutil
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from nnbench.cases import resources
from nnbench.errors import EnvironmentProblem


def _installed_in(package: Path) -> ModuleType:
    """Return the module ``resources`` as if nnbench were installed in ``package``."""
    (package / "cases").mkdir(parents=True)
    shutil.copy(resources.__file__, package / "cases")
    spec = util.spec_from_file_location("elsewhere", package / "cases" / "resources.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cases", "reports"])
def test_a_wheel_holds_them_beside_the_modules(tmp_path: Path, name: str) -> None:
    """Even where a folder of that name lies about at the place that a checkout would have it."""
    package = tmp_path / "lib/site-packages/nnbench"
    module = _installed_in(package)
    (package / f"_{name}").mkdir()
    (tmp_path / "lib" / name).mkdir()

    assert getattr(module, f"{name}_folder")() == package / f"_{name}"


@pytest.mark.parametrize("name", ["cases", "reports"])
def test_a_checkout_holds_them_at_its_top(tmp_path: Path, name: str) -> None:
    module = _installed_in(tmp_path / "bench/nnbench")
    (tmp_path / name).mkdir()

    assert getattr(module, f"{name}_folder")() == tmp_path / name


@pytest.mark.parametrize("name", ["cases", "reports"])
def test_a_missing_folder_is_reported_with_both_places(tmp_path: Path, name: str) -> None:
    module = _installed_in(tmp_path / "bench/nnbench")

    with pytest.raises(EnvironmentProblem, match=f"{name}: .* missing.*_{name} and .*Install nnbench again"):
        getattr(module, f"{name}_folder")()


def test_this_installation_has_them() -> None:
    for folder in (resources.cases_folder(), resources.reports_folder()):
        assert folder.is_absolute()
        assert folder.is_dir()
