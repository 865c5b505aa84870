"""``nnbench export``: one line for every mistake, whatever the kind."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.studies.export.kinds import KINDS
from tests.nnbench.exporting import export_samples as samples

Run = Callable[..., tuple[int, str, str]]
# The package that each kind needs, and the extra that brings it.
PACKAGES = {"parquet": ("pyarrow", "data"), "mlflow": ("mlflow", "mlflow"), "wandb": ("wandb", "wandb")}


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(samples.made(tmp_path / "store"))


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_package_that_is_missing_is_one_line_with_the_command(
    kind: str, store: str, nnb: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package, extra = PACKAGES[kind]
    monkeypatch.setitem(sys.modules, package, None)
    place = tmp_path / "out"

    code, out, err = nnb("export", kind, samples.RUN, "--store", store, "-o", str(place))

    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert err.endswith(f'needs {package}, which is not installed: pip install "nnkit-bench[{extra}]"\n')
    assert not place.exists()


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize("place", ["file", "file/deeper"])
def test_a_place_that_cannot_be_is_one_line(
    kind: str, place: str, store: str, nnb: Run, tmp_path: Path
) -> None:
    pytest.importorskip(PACKAGES[kind][0], reason=f"{kind} is not installed")
    (tmp_path / "file").write_text("mine")

    code, out, err = nnb("export", kind, samples.RUN, "--store", store, "-o", str(tmp_path / place))

    assert (code, out) == (2, "")
    assert err.startswith(f"nnbench: {tmp_path / 'file'}")
    assert "cannot be made" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nobody"], 2, "run 'nobody': "),
        (["last~7"], 2, "run 'last~7': the oldest of 2 runs"),
        (["20260101"], 6, "no trial of it is recorded"),
        (["2026"], 2, "2 runs begin so"),
        (["last", "--store", "nowhere"], 4, "no store here"),
        (["last", "-o", " "], 2, "--output ' ': expected a path"),
        (["last", "-o", "http://host:5000"], 2, "--output 'http://host:5000': expected a path"),
    ],
    ids=["unknown run", "too far back", "empty run", "two runs", "no store", "no path", "a server"],
)
def test_a_mistake_is_one_line(
    kind: str, words: list[str], code: int, said: str, store: str, nnb: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(store).parent)

    found, out, err = nnb("export", kind, "--store", store, *words)

    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
    assert [file.name for file in Path().iterdir()] == ["store.sqlite"], "nothing was written"


def test_a_kind_that_is_misspelt_is_named(nnb: Run) -> None:
    code, out, err = nnb("export", "parket")

    assert (code, out) == (2, "")
    assert err.startswith("nnbench: export: there is no kind 'parket'. Did you mean 'parquet'? There are ")


def test_a_run_that_is_a_file_to_be_is_refused(store: str, nnb: Run) -> None:
    code, _, err = nnb("export", "parquet", samples.RUN, "--store", store, "-o", "run.parquet")

    assert code == 2
    assert err == ("nnbench: --output run.parquet: expected a folder, for a run is four tables. Try run/.\n")


def test_every_kind_is_in_the_help(nnb: Run) -> None:
    _, out, _ = nnb("export", "--help")

    assert all(f"{name}:" in out for name in KINDS)
