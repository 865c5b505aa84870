"""The rooms: which there are, what each is for, and that imports go one way."""

import ast
import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house.source_files import PACKAGES, ROOT, imported, modules, place, tree

PACKAGE_NAMES = ("nnbench", "nnkit")
FOLDERS = {"nnbench": ROOT / "bench" / "nnbench", "nnkit": ROOT / "nnkit"}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_MOST_FILES = 25


def floors(package: str) -> list[list[str]]:
    """Return the rooms of a package as pyproject.toml has them for import-linter, from the top down."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = [one for one in contracts if one["type"] == "layers" and one["containers"] == [package]]
    assert found["exhaustive"] is True
    return [[room.strip() for room in layer.split("|")] for layer in found["layers"]]


def rooms(package: str) -> list[str]:
    return [room for floor in floors(package) for room in floor]


def room_file(package: str, room: str) -> Path:
    folder = FOLDERS[package] / room
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def said_in(path: Path) -> str:
    return ast.get_docstring(tree(path)) or ""


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return one circle of imports, its first member at both ends, or nothing where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def is_one_sentence(text: str) -> bool:
    """True for one line that ends with a full stop and has none before, but in code."""
    plain = re.sub(r"``.*?``", "", text)
    return "\n" not in text and plain.endswith(".") and not re.search(r"[.!?] ", plain)


def table(package: str) -> str:
    """Return the table of rooms as CONTRIBUTING.md prints it."""
    lines = ["| room | what it is |", "|---|---|"]
    for floor in floors(package):
        names = [
            f"`{room}/`" if room_file(package, room).parent.name == room else f"`{room}`" for room in floor
        ]
        for name, room in zip(names, floor, strict=True):
            sentence = said_in(room_file(package, room)).split("\n\n")[0].replace("\n", " ")
            beside = "" if name == names[0] else f", beside {names[0]}"
            lines.append(f"| {name}{beside} | {sentence} |")
    return "\n".join(lines)


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_the_layers_are_the_rooms(package: str) -> None:
    """Every file and folder at the top of a package is in the layers once, and nothing else is."""
    top = {path.stem for path in FOLDERS[package].glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in FOLDERS[package].glob("*/__init__.py")}

    assert sorted(rooms(package)) == sorted(top | folders)


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_contributing_has_the_table_of_rooms(package: str) -> None:
    """Room by room from the top down, each with the sentence of its docstring."""
    expected = table(package)

    assert expected in CONTRIBUTING, f"CONTRIBUTING.md must contain:\n{expected}"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_in_one_sentence_what_it_is(package: str) -> None:
    files = (ROOT / package).rglob("__init__.py")
    wrong = {place(path): said_in(path) for path in files if not is_one_sentence(said_in(path))}

    assert not wrong, wrong


@pytest.mark.parametrize("text", ["", "No full stop", "One. Two.", "One.\n\nAnd more."])
def test_the_rule_rejects_what_is_not_one_sentence(text: str) -> None:
    assert not is_one_sentence(text)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_has_more_than_twenty_five_files(package: str) -> None:
    """A family that grows further gets a folder of its own."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    counts = {place(folder): len(list(folder.glob("*.py"))) for folder in folders}

    assert not (crowded := {name: n for name, n in counts.items() if n > _MOST_FILES}), crowded


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    """Not at the top of a file, and not for type checkers either."""
    known = modules(package)

    found = circle({name: imported(path, known, in_functions=False) for name, path in known.items()})

    assert not found, " -> ".join(found)


@pytest.mark.parametrize("package", PACKAGE_NAMES)
def test_no_rooms_import_each_other_in_a_circle(package: str) -> None:
    """Wherever the import stands: in a function too."""
    known = modules(package)
    edges: dict[str, set[str]] = {}
    for name, path in known.items():
        reached = {room_of(other) for other in imported(path, known, in_functions=True)}
        edges.setdefault(room_of(name), set()).update(reached - {room_of(name), ""})
    edges.pop("", None)

    assert len(edges) > 10
    assert not (found := circle(edges)), " -> ".join(found)


def room_of(module: str) -> str:
    """Return ``store`` for ``nnbench.store.rows``, and nothing for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def test_the_rules_see_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of types only, and of a function."""
    monkeypatch.setattr("tests.house.source_files.ROOT", tmp_path)
    (tmp_path / "a.py").write_text("if TYPE_CHECKING:\n    from b import B\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("import c\ndef f():\n    from a import A\n", encoding="utf-8")
    known = {"a", "b"}

    def edges(*, in_functions: bool) -> dict[str, set[str]]:
        return {name: imported(tmp_path / f"{name}.py", known, in_functions=in_functions) for name in known}

    assert edges(in_functions=False) == {"a": {"b"}, "b": set()}
    assert set(circle(edges(in_functions=True))) == {"a", "b"}
    assert circle(edges(in_functions=False)) == []
