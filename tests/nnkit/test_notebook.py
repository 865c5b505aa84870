"""What a notebook shows of a fit and of a program: well-formed, with its numbers, and names as text."""

import math
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest

import nnkit
from nnkit import layers
from nnkit.compiler import explain
from nnkit.training.history import History

_LOSSES = [2.0, 1.0, 0.5, 0.25]


class Texts(HTMLParser):
    """Gathers the text of every element by its tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        assert not self._open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open.append(tag)
        self.found.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.found.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.found[self._open[-1]][-1] += data


def picture_of(history: History) -> ElementTree.Element:
    html = history._repr_html_()
    return ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])


def heights(history: History) -> list[list[float]]:
    """Return where every line goes, from the upper edge down."""
    paths = [each.attrib["d"] for each in picture_of(history) if each.tag.endswith("path")]
    return [[float(pair.split(" ")[1]) for pair in path.replace("M", "L").split("L")[1:]] for path in paths]


def test_the_table_has_the_last_ten_epochs() -> None:
    history = History({"loss": [1 / n for n in range(1, 13)], "val_loss": [2.0] * 12}, stopped_at=36)

    texts = Texts(history._repr_html_()).found

    assert texts["th"] == ["epoch", "loss", "val_loss"]
    assert texts["td"][:3] == ["3", "0.3333", "2"]
    assert texts["td"][-3:] == ["12", "0.08333", "2"]
    assert len(texts["td"]) == 3 * 10
    assert texts["p"][0] == "finished after 36 steps, 0 s of training"


def test_halving_losses_are_a_straight_line_on_a_log_scale() -> None:
    """Four points, each as far below the last as that one below the one before it."""
    (line,) = heights(History({"loss": _LOSSES}))

    assert np.diff(line) == pytest.approx([44.0] * 3)
    assert "log scale" in picture_of(History({"loss": _LOSSES})).attrib["aria-label"]


def test_losses_that_reach_zero_are_drawn_linearly() -> None:
    (line,) = heights(History({"loss": [4.0, 2.0, 0.0]}))

    assert np.diff(line) == pytest.approx([66.0, 66.0])


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_line_breaks_where_a_loss_is_no_number(wrong: float) -> None:
    history = History({"loss": [2.0, wrong, 1.0]})
    (path,) = (each.attrib["d"] for each in picture_of(history) if each.tag.endswith("path"))

    assert path.count("M") == 2
    assert "nan" not in path
    assert "inf" not in path


def test_an_epoch_without_its_evaluation_has_a_dash() -> None:
    texts = Texts(History({"loss": [1.0, 0.5], "val_loss": [1.0]})._repr_html_()).found

    assert texts["td"][-1] == "—"


def test_a_fit_of_one_epoch_or_none_has_no_picture() -> None:
    assert "<svg" not in History({"loss": [1.0]})._repr_html_()
    assert Texts(History()._repr_html_()).found == {"p": ["finished after 0 steps, 0 s of training"]}


def test_names_are_text() -> None:
    html = History({"<img src=x>": [1.0, 2.0], "loss": [1.0, 2.0]}, status="<b>")._repr_html_()

    assert "<img" not in html
    assert "<b>" not in html


def test_a_fit_shows_its_own_numbers_and_a_program_its_listing() -> None:
    rng = np.random.default_rng(0)
    model = nnkit.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(1)], input_shape=(2,), seed=0)
    model.compile(optimizer="sgd", loss="mean_squared_error")

    history = model.fit(rng.normal(size=(20, 2)), rng.normal(size=(20, 1)), epochs=3, batch_size=10)

    texts = Texts(history._repr_html_()).found
    assert texts["td"][-1] == f"{history.history['loss'][-1]:.4g}"
    assert texts["p"][0].startswith("finished after 6 steps, ")
    program = model.program(batch_size=10)
    assert Texts(program._repr_html_()).found == {"pre": [explain.render(program)]}
