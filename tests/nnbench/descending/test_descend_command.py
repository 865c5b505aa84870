"""``nnbench descend``: what it prints, writes and says in JSON."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.nnbench.plugin_samples import forget_plugins

NOTE = ("descend", "quadratic", "--optimizer", "sgd", "--lr", "0.01,0.1,0.5")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_document_of_the_note(nnb: Any) -> None:
    code, out, _ = nnb(*NOTE, "--json")

    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "nnbench.descend/1"
    assert document["function"] == "quadratic"
    assert document["stability_limit"] == pytest.approx(0.45308, abs=5e-6)
    assert [path["end"] for path in document["paths"]] == ["running", "converged", "diverged"]
    middle = document["paths"][1]
    assert middle["learning_rate"] == 0.1
    assert (len(middle["points"]), len(middle["values"]), middle["steps"]) == (31, 31, 30)
    assert middle["points"][1] == pytest.approx([-3.6, 1.9])
    assert middle["values"][0] == 77


def test_the_rows_of_a_table_are_the_steps(nnb: Any) -> None:
    _, out, _ = nnb(*NOTE, "--format", "csv")

    lines = out.splitlines()
    assert len(lines) == 1 + 3 * 31
    assert lines[0].split(",")[:2] == ["optimizer", "learning_rate"]


def test_the_terminal_shows_paths_by_letters_in_eighty_columns(nnb: Any) -> None:
    _, out, _ = nnb(*NOTE)

    # But for the command itself, which is never broken.
    assert max(len(line) for line in out.splitlines() if not line.startswith("again")) <= 80
    page = [line for line in out.splitlines() if line.startswith("│")]
    drawn = "".join(page)
    assert "@" in drawn
    assert all(letter in drawn for letter in "abcAB+")
    assert "C" not in drawn, "its end is far beyond the picture"
    # The start is left of the minimum and above it, as in the note's figure.
    (start,) = [(row, line.index("@")) for row, line in enumerate(page) if "@" in line]
    (minimum,) = [(row, line.index("+")) for row, line in enumerate(page) if "+" in line]
    assert start[0] < minimum[0]
    assert start[1] < minimum[1]
    assert "a sgd 0.01 · b sgd 0.1 · c sgd 0.5" in out


def test_a_terminal_of_ascii_gets_letters_that_it_has(monkeypatch: pytest.MonkeyPatch, nnb: Any) -> None:
    from nnbench.reporting.render.text import encodable

    _, out, _ = nnb(*NOTE)

    plain = encodable(out, "ascii")
    assert plain.isascii()
    assert "?" not in plain
    assert "@" in plain


def test_markdown_has_the_picture_and_one_that_moves(nnb: Any, tmp_path: Path) -> None:
    nnb(*NOTE, "-o", str(tmp_path / "report.md"))

    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "](descent-quadratic.svg)" in text
    assert "](descent-quadratic-moving.svg)" in text
    still = ElementTree.parse(tmp_path / "descent-quadratic.svg").getroot()
    assert still.tag == f"{SVG}svg"
    moving = ElementTree.parse(tmp_path / "descent-quadratic-moving.svg").getroot()
    assert not list(moving.iter(f"{SVG}script"))
    animations = list(moving.iter(f"{SVG}animate"))
    assert len(animations) == 3 * 3, "the line and the ball's two coordinates, for each path"
    for each in animations:
        times = [float(time) for time in each.attrib["keyTimes"].split(";")]
        assert len(times) == len(each.attrib["values"].split(";")) == 32
        assert (times[0], times[-1]) == (0, 1)
        assert times == sorted(times)


def test_the_ball_stands_where_the_path_is(nnb: Any, tmp_path: Path) -> None:
    """The picture is 640 wide and shows x from -6 to 6, so the start at -5 is at 640/12."""
    nnb("descend", "quadratic", "--lr", "0.1", "-o", str(tmp_path / "report.md"))

    moving = ElementTree.parse(tmp_path / "descent-quadratic-moving.svg").getroot()
    (across,) = [each for each in moving.iter(f"{SVG}animate") if each.attrib["attributeName"] == "cx"]
    first, second, *_ = (float(value) for value in across.attrib["values"].split(";"))
    assert first == pytest.approx(640 / 12, abs=0.06)
    assert second == pytest.approx((-3.6 + 6) * 640 / 12, abs=0.06)


def test_one_page_holds_both_pictures(nnb: Any, tmp_path: Path) -> None:
    nnb(*NOTE, "-o", str(tmp_path / "page.html"))

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert page.count("<script") == 2  # its data and its own
    assert "<animate" in page


def test_the_same_command_gives_the_same_bytes(nnb: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        nnb("descend", "iris", "--lr", "0.1", "--batch", "1,15", "-o", str(tmp_path / name / "report.md"))

    for file in ("descent-iris.svg", "descent-iris-moving.svg", "report.md"):
        a, b = ((tmp_path / name / file).read_bytes() for name in ("a", "b"))
        assert a.replace(b"/a/", b"/b/") == b


PLUGIN = """
import numpy as np
import nnkit

def fixed(params, grads, state, step, learning_rate):
    '''Steps of one length.'''
    for name in params:
        params[name] -= learning_rate * np.sign(grads[name])

nnkit.optimizers.register_numpy("fixed_for_descent", fixed, learning_rate=0.25)

def value(p):
    '''An ellipse.'''
    return p[..., 0] ** 2 + 3 * p[..., 1] ** 2

def gradient(p):
    return np.stack([2 * p[..., 0], 6 * p[..., 1]], axis=-1)

nnkit.functions.register("ellipse_for_descent", value, gradient, start=(1.0, 1.0), domain=(-2, 2, -2, 2),
                         minima=((0.0, 0.0),))
"""


def test_plug_ins_bring_optimizers_and_functions(
    nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_plugins(monkeypatch)
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN, encoding="utf-8")

    chosen = ("ellipse_for_descent", "--optimizer", "fixed_for_descent", "--steps", "6")
    code, out, said = nnb("descend", *chosen, "--plugin", str(file), "--json")
    assert code == 0, said
    document = json.loads(out)
    (path,) = document["paths"]
    assert path["points"][-1] == [0, 0]
    assert path["end"] == "converged"
    assert path["settled"] == 4
    assert document["stability_limit"] == pytest.approx(2 / 6, rel=1e-6)


def test_functions_can_be_listed_and_shown(nnb: Any) -> None:
    _, out, _ = nnb("list", "functions", "--json")
    names = {item["name"] for item in json.loads(out)["items"]}
    assert {"quadratic", "ill_conditioned", "saddle", "monkey_saddle", "himmelblau", "double_well"} <= names
    assert {"rosenbrock", "beale", "rastrigin", "plateau", "quadratic_deep", "iris"} <= names

    _, out, _ = nnb("show", "rosenbrock")
    assert "(1 - x)**2 + 100 (y - x**2)**2" in out
