"""What a plug-in brings in belongs to its trials' identity, and it finds the modules beside it."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import plugins
from nnbench.cases.beside import OWN
from nnbench.cli import main
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import MINE, forget_plugins

Result = tuple[int, str, str]
RUN = ("run", "small.toml", "--optimizer", "mine,sgd", "--seeds", "2", "--plugin", "mine.py", "--json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    forget_plugins(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command as a new process would, without training, and return its JSON."""
    fake_trial.install(monkeypatch)

    def run(*arguments: str) -> Any:
        forget_plugins(monkeypatch)
        for name in [name for name in sys.modules if name.startswith("elsewhere")]:
            monkeypatch.delitem(sys.modules, name)
        capsys.readouterr()
        code = main(arguments)
        out, said = capsys.readouterr()
        assert code == 0, said
        return json.loads(out)

    return run


def write(files: dict[str, str]) -> None:
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)


LATER = MINE.replace("    for name", "    import h\n    for name")
BROUGHT_IN = {
    "a module": ({"mine.py": "import h\n" + MINE, "h.py": "K = 1.0\n"}, "h.py"),
    "a module of a module": (
        {"mine.py": "import g\n" + MINE, "g.py": "from h import K\n", "h.py": "K = 1\n"},
        "h.py",
    ),
    "a module that a function imports": ({"mine.py": LATER, "h.py": "K = 1.0\n"}, "h.py"),
    "a relative one": ({"mine.py": "from . import h\n" + MINE, "h.py": "K = 1.0\n"}, "h.py"),
    "one by its name as text": (
        {"mine.py": MINE + "def later():\n    return __import__('h')\n", "h.py": "K = 1.0\n"},
        "h.py",
    ),
    "one whose name is put together": (
        {"mine.py": "__import__('h' + '')\n" + MINE, "h.py": "K = 1.0\n"},
        "h.py",
    ),
    "a package": (
        {
            "mine.py": "import p.q\n" + MINE,
            "p/__init__.py": "",
            "p/q.py": "from . import r\n",
            "p/r.py": "K = 1\n",
        },
        "p/r.py",
    ),
    "a module on the path": (
        {"mine.py": "import elsewhere\n" + MINE, "path/elsewhere.py": "K = 1.0\n"},
        "path/elsewhere.py",
    ),
    "a package on the path that has no __init__": (
        {"mine.py": "from elsewhere.inner import K\n" + MINE, "path/elsewhere/inner.py": "K = 1.0\n"},
        "path/elsewhere/inner.py",
    ),
}


@pytest.mark.parametrize(("files", "edited"), BROUGHT_IN.values(), ids=BROUGHT_IN)
def test_an_edit_of_what_a_plugin_brings_in_trains_its_trials_again(
    nnb: Callable[..., Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    edited: str,
) -> None:
    """And those of the built-in optimizer beside it come from the store."""
    monkeypatch.syspath_prepend(folder / "path")
    write(files)
    nnb(*RUN)
    unchanged = nnb(*RUN)
    Path(edited).write_text(Path(edited).read_text() + "# edited\n")

    again = nnb(*RUN)

    assert (unchanged["new"], unchanged["cached"]) == (0, 4)
    assert (again["new"], again["cached"]) == (2, 2)


def test_the_source_of_a_file_alone_stays_what_it_was() -> None:
    """Its trials in the stores of users have keys with this in them."""
    Path("mine.py").write_text(MINE)

    plugins.load(["mine.py"])

    assert plugins.sources_among(["mine"]) == {
        "optimizers/mine": "71b2e9844c8b38be4f510b1410d89bae7352fade00b493bcf37b94c0a3818877"
    }


def test_the_source_does_not_depend_on_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that is moved or cloned keeps its trials."""
    found = []
    for place in ("one", "two"):
        forget_plugins(monkeypatch)
        write({f"{place}/mine.py": "import h\n" + MINE, f"{place}/h.py": "K = 1.0\n"})
        plugins.load([f"{place}/mine.py"])
        found.append(plugins.sources_among(["mine"]))

    assert found[0] == found[1]


def test_each_plugin_finds_the_module_beside_it(nnb: Callable[..., Any], folder: Path) -> None:
    """Though both are called alike, and Python's path has a third: at once, and in a function later."""
    named = "import h\ndef later():\n    import h as again\n    return again.NAME\n"
    for place in ("one", "two", "path"):
        part = MINE.replace('"mine"', "h.NAME + later()")
        write({f"{place}/part.py": named + part, f"{place}/h.py": f"NAME = {place!r}\n"})
    sys.path.insert(0, str(folder / "path"))
    try:
        listed = nnb("list", "optimizers", "--plugin", "one/part.py", "--plugin", "two/part.py", "--json")
    finally:
        sys.path.remove(str(folder / "path"))

    names = {item["name"] for item in listed["items"]}
    assert {"oneone", "twotwo"} <= names


def test_plugins_of_one_folder_share_a_module(nnb: Callable[..., Any]) -> None:
    counted = "with open('times', 'a') as times:\n    times.write('x')\n"
    write(
        {"h.py": counted, "a.py": "import h\n" + MINE, "b.py": "import h\n" + MINE.replace("mine", "other")}
    )

    nnb("list", "optimizers", "--plugin", "a.py", "--plugin", "b.py", "--json")

    assert Path("times").read_text() == "x"


def test_an_edit_within_the_same_second_is_what_is_executed(nnb: Callable[..., Any]) -> None:
    """Python's own bytecode files would not see it; and none are left beside the plug-in."""
    named = []
    for letter in "ab":
        write(
            {"mine.py": "import h\n" + MINE.replace('"mine"', "h.NAME"), "h.py": f"NAME = 'mine{letter}'\n"}
        )
        os.utime("h.py", (1_000_000_000, 1_000_000_000))
        listed = nnb("list", "optimizers", "--plugin", "mine.py", "--json")
        named += [item["name"] for item in listed["items"] if item["name"].startswith("mine")]

    assert named == ["minea", "mineb"]
    assert not Path("__pycache__").exists()


def test_a_module_beside_cannot_take_the_place_of_pythons(nnb: Callable[..., Any]) -> None:
    write(
        {
            "mine.py": "import math, numpy\nassert numpy.zeros and math.pi\n" + MINE,
            "numpy.py": "",
            "math.py": "",
        }
    )

    assert nnb("list", "optimizers", "--plugin", "mine.py", "--json")["items"]


def test_a_mistake_in_a_module_beside_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    write({"mine.py": "import h\n" + MINE, "h.py": "x = 1\nnothing\n"})

    code = main(["list", "optimizers", "--plugin", "mine.py"])

    assert code == 2
    assert capsys.readouterr().err == "nnbench: h.py, line 2: NameError: name 'nothing' is not defined\n"


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "large.py"])
def test_what_is_no_file_of_a_plugin_is_refused_unread(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A device has no end, a pipe may have no writer."""
    os.mkfifo("pipe")
    Path("large.py").write_bytes(b"#" * 1_000_001)

    code = main(["list", "optimizers", "--plugin", name])

    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert line.startswith(f"nnbench: --plugin {name}: ")
    assert "not a regular file" in line or "larger than 1 MB" in line


def test_a_part_of_an_installed_package_follows_all_its_files_and_its_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the entry point names one module of several."""
    site = folder / "site"
    write(
        {
            "site/elsewhere/__init__.py": "",
            "site/elsewhere/parts.py": "from elsewhere import h\n" + MINE,
            "site/elsewhere/h.py": "K = 1.0\n",
            "site/e-1.0.dist-info/entry_points.txt": "[nnbench.plugins]\nparts = elsewhere.parts\n",
        }
    )
    monkeypatch.syspath_prepend(site)
    found = []
    for version, k in (("1.0", "1.0"), ("1.0", "0.0"), ("1.1", "0.0"), ("1.1", "0.0")):
        write({"site/e-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: e\nVersion: {version}\n"})
        write({"site/elsewhere/h.py": f"K = {k}\n"})
        forget_plugins(monkeypatch)
        for name in [name for name in sys.modules if name.startswith("elsewhere")]:
            monkeypatch.delitem(sys.modules, name)
        plugins.load()
        found.append(plugins.sources_among(["mine"])["optimizers/mine"])

    assert len(set(found)) == 3
    assert found[2] == found[3]


def test_what_nnbench_installs_is_no_plugins_own() -> None:
    """Else an update of a dependency would train every plug-in's trials again."""
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    names = {text.split(">")[0].split("[")[0].strip() for text in project["dependencies"]}

    assert names <= OWN
