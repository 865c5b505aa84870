"""Plug-ins: a file adds parts, its source is part of its trials' identity, its mistakes have lines."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import plugins
from nnbench.cli import main
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import MINE, forget_plugins

KERNEL = """\
import nnkit

def update(p, g, velocity, learning_rate, step, beta):
    for i in range(p.size):
        velocity[i] = beta * velocity[i] + g[i]
        p[i] -= learning_rate * velocity[i]

nnkit.optimizers.register_kernel("compiled", update, 1, learning_rate=0.05, beta=0.9)
"""
BENT = """\
import nnkit

nnkit.activations.register(
    "bent", value=lambda x: x if x > 0 else 0.1 * x, slope=lambda x: 1.0 if x > 0 else 0.1
)
"""

Result = tuple[int, str, str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command as a new process would."""

    def run(*arguments: str) -> Result:
        forget_plugins(monkeypatch)
        capsys.readouterr()
        code = main(arguments)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_trial.install(monkeypatch)


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


def keys_of(document: Any, axis: str, choice: str) -> list[str]:
    return [trial["key"] for trial in document["trials"] if trial["axes"][axis] == choice]


RUN = ("run", "small.toml", "--optimizer", "mine,mine(beta=0.5),sgd", "--seeds", "2", "--plugin", "mine.py")


def test_an_optimizer_from_a_file_trains_like_any_other(nnb: Callable[..., Result]) -> None:
    """Written out, momentum takes the same path as the built-in one: 18 steps agree to float32's rounding."""
    run = ("run", "small.toml", "--lr", "0.05", "--seeds", "2", "--json")

    mine = as_json(nnb(*run, "--optimizer", "mine", "--plugin", "mine.py"))["trials"]
    built_in = as_json(nnb(*run, "--optimizer", "momentum"))["trials"]

    for a, b in zip(mine, built_in, strict=True):
        assert a["status"] == "finished"
        assert a["final"]["loss"] == pytest.approx(b["final"]["loss"], rel=1e-5)


def test_the_report_says_whose_seconds_are_those_of_python(nnb: Callable[..., Result], folder: Path) -> None:
    """NumPy's steps stand in one table with kernels: the note names them, and no optimizer that compiles."""
    (folder / "compiled.py").write_text(KERNEL)
    names = "mine,compiled,sgd"
    run = ("run", "small.toml", "--optimizer", names, "--plugin", "mine.py", "--seeds", "2")

    _, shown, _ = nnb(*run, "--plugin", "compiled.py")

    assert "Seconds of mine are those of plain Python" in " ".join(shown.split())
    assert json.loads(nnb("report", "--json")[1])["environment"]["interpreted"] == ["mine"]


@pytest.mark.parametrize(
    ("content", "axis", "name"),
    [(KERNEL, "optimizer", "compiled"), (BENT, "activation", "bent")],
    ids=["kernel", "activation"],
)
def test_compiled_parts_train(nnb: Callable[..., Result], content: str, axis: str, name: str) -> None:
    Path("part.py").write_text(content)

    document = as_json(
        nnb("run", "small.toml", f"--{axis}", name, "--seeds", "1", "--plugin", "part.py", "--json")
    )

    assert [trial["status"] for trial in document["trials"]] == ["finished"]


@pytest.mark.usefixtures("fake")
def test_an_edited_file_trains_its_own_trials_again_and_no_others(nnb: Callable[..., Result]) -> None:
    """Two of three configurations use the file: 4 of 6 trials are new after an edit, none without one."""
    as_json(nnb(*RUN, "--json"))
    unchanged = as_json(nnb(*RUN, "--json"))
    Path("mine.py").write_text(MINE.replace("+= grads", "+= 0.5 * grads"))

    edited = as_json(nnb(*RUN, "--json"))

    assert (unchanged["new"], edited["new"], edited["cached"]) == (0, 4, 2)
    assert keys_of(edited, "optimizer", "sgd") == keys_of(unchanged, "optimizer", "sgd")
    assert not set(keys_of(edited, "optimizer", "mine")) & set(keys_of(unchanged, "optimizer", "mine"))


@pytest.mark.usefixtures("fake")
def test_a_plugin_changes_no_identity_but_its_own(nnb: Callable[..., Result]) -> None:
    plain = as_json(nnb("run", "small.toml", "--optimizer", "sgd", "--seeds", "2", "--json"))

    beside = as_json(nnb(*RUN, "--json"))

    assert keys_of(beside, "optimizer", "sgd") == keys_of(plain, "optimizer", "sgd")


@pytest.mark.usefixtures("fake")
def test_a_part_that_a_case_names_itself_counts_too(nnb: Callable[..., Result], folder: Path) -> None:
    """The case's layer says 'bent'; no axis does."""
    content = case_content()
    content["model"]["layers"][1]["activation"] = "bent"
    write_case(folder / "bent.toml", content)
    run = ("run", "bent.toml", "--optimizer", "sgd", "--seeds", "1", "--plugin", "bent.py", "--json")
    Path("bent.py").write_text(BENT)
    first = as_json(nnb(*run))
    Path("bent.py").write_text(BENT.replace("0.1", "0.2"))

    assert as_json(nnb(*run))["new"] == first["new"] == 1


@pytest.mark.usefixtures("fake")
def test_plugins_may_stand_in_every_layer_of_settings(
    nnb: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They add up: one in pyproject, one in the environment, one in a matrix file in another folder."""
    (folder / "other").mkdir()
    for place, name in (("a.py", "a"), ("b.py", "b"), ("other/c.py", "c")):
        Path(place).write_text(MINE.replace('"mine"', f'"{name}"'))
    (folder / "pyproject.toml").write_text('[tool.nnbench]\nplugin = "a.py"\n')
    monkeypatch.setenv("NNBENCH_PLUGIN", "b.py")
    (folder / "other" / "m.toml").write_text(
        'cases = "../small.toml"\nplugin = ["c.py"]\naxes.optimizer = ["a", "b", "c"]\nseeds = 1\n'
    )

    document = as_json(nnb("run", "other/m.toml", "--json"))

    assert [trial["axes"]["optimizer"] for trial in document["trials"]] == ["a", "b", "c"]


def test_a_file_is_executed_once_however_often_it_is_named() -> None:
    Path("counted.py").write_text(MINE + "with open('times', 'a') as times: times.write('x')\n")

    plugins.load(["counted.py", "./counted.py"])
    plugins.load([str(Path("counted.py").absolute())])

    assert Path("times").read_text() == "x"


def test_lists_shows_and_explains_a_plugin(nnb: Callable[..., Result]) -> None:
    listed = as_json(nnb("list", "optimizers", "--plugin", "mine.py", "--json"))["items"]
    (shown,) = as_json(nnb("show", "mine", "--plugin", "mine.py", "--json"))["items"]
    code, text, _ = nnb("explain", "small.toml", "--optimizer", "mine", "--plugin", "mine.py")

    assert "mine" in [item["name"] for item in listed]
    assert (shown["summary"], shown["source"]) == ("My own momentum.", "plug-in")
    assert {hyper["name"]: hyper["default"] for hyper in shown["hyperparameters"]}["beta"] == 0.9
    assert (code, "dense" in text) == (0, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("import nnkit\nx = 1 +\n", "bad.py, line 2: not valid Python: "),
        ("import nnkit\n\nnnkit.nothing()\n", "bad.py, line 3: AttributeError: "),
        ("def f():\n    raise KeyError('x')\n\nf()\n", "bad.py, line 2: KeyError: 'x'"),
        ("import missing_module\n", "bad.py, line 1: ModuleNotFoundError: "),
        ("raise SystemExit(3)\n", "bad.py, line 1: SystemExit: 3"),
        (MINE.replace('"mine"', '"adam"'), "bad.py, line 11: optimizer 'adam' exists already."),
        (MINE.replace(", beta=0.9)", ")"), "bad.py, line 11: "),
        ("x = 1\n", "bad.py: this registers no part."),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_its_place(
    nnb: Callable[..., Result], content: str, words: str
) -> None:
    if "def update" in content and '"adam"' not in content:
        content = content.replace("state, step, learning_rate", "state, step")
    Path("bad.py").write_text(content)

    code, out, said = nnb("list", "optimizers", "--plugin", "bad.py")

    (line,) = said.splitlines()
    assert (code, out) == (2, "")
    assert line.startswith(f"nnbench: {words}")


@pytest.mark.parametrize(("file", "words"), [("gone.py", "there is no such file"), (".", "this is a folder")])
def test_a_file_that_cannot_be_read_is_said(nnb: Callable[..., Result], file: str, words: str) -> None:
    code, _, said = nnb("run", "small.toml", "--plugin", file)

    assert (code, said.startswith(f"nnbench: --plugin {file}: {words}")) == (2, True)


def test_an_error_while_training_has_the_line_of_the_file(nnb: Callable[..., Result]) -> None:
    # Another name: within one process, programs are kept by the names in them.
    Path("faulty.py").write_text(MINE.replace("*= beta", "*= betta").replace('"mine"', '"faulty"'))

    code, out, _ = nnb("run", "small.toml", "--optimizer", "faulty", "--plugin", "faulty.py", "--json")

    errors = {trial["error"] for trial in json.loads(out)["trials"]}
    assert code == 3
    assert errors == {"faulty.py, line 7: NameError: name 'betta' is not defined"}


def test_an_installed_package_adds_its_parts(
    nnb: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point names a module; the identity follows all of its files, and nothing else."""
    package = folder / "site" / "installed_parts"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from . import momentum\n")
    (package / "momentum.py").write_text(MINE.replace('"mine"', '"installed"'))
    information = folder / "site" / "parts-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: parts\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[nnbench.plugins]\nparts = installed_parts\n")
    monkeypatch.syspath_prepend(folder / "site")

    names = [item["name"] for item in as_json(nnb("list", "optimizers", "--json"))["items"]]
    first = plugins.sources_among(["installed"])
    for module in [name for name in sys.modules if name.startswith("installed_parts")]:
        monkeypatch.delitem(sys.modules, module)
    (package / "momentum.py").write_text((package / "momentum.py").read_text() + "# edited\n")
    nnb("list", "optimizers")

    assert "installed" in names
    assert first.keys() == {"optimizers/installed"}
    assert plugins.sources_among(["installed"]) != first


def test_a_broken_installed_package_is_named(
    nnb: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = folder / "site" / "parts-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: parts\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[nnbench.plugins]\nbad = no_such_module_here\n")
    monkeypatch.syspath_prepend(folder / "site")

    code, _, said = nnb("list", "optimizers")

    assert code == 2
    assert said == (
        "nnbench: plug-in 'bad' of parts: ModuleNotFoundError: No module named 'no_such_module_here'\n"
    )


def test_the_plugin_of_the_readme_trains(nnb: Callable[..., Result]) -> None:
    """As it is printed, and it learns: iris at its own rate is better than chance after two epochs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    printed = (
        readme.partition("## An optimizer of your own")[2].partition("```python\n")[2].partition("```")[0]
    )
    Path("printed.py").write_text(printed.replace('"mine"', '"printed"'))

    document = as_json(
        nnb("run", "small.toml", "--optimizer", "printed", "--plugin", "printed.py", "--seeds", "3", "--json")
    )

    assert {trial["status"] for trial in document["trials"]} == {"finished"}
    assert document["configurations"][0]["median"] > 0.4
