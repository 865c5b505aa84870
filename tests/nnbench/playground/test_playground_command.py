"""nnbench playground: one file from one command, and one line for each mistake."""

import base64
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.errors import UsageError
from nnbench.records.playground import Trained
from nnbench.reporting.render import playground as page
from nnkit import optimizers
from tests.nnbench.playground import playground_samples as samples

Run = Callable[..., tuple[int, str, str]]
DATA = re.compile(r'<script id="data" type="application/json">(.*?)</script>', re.DOTALL)


def data_of(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(DATA.findall(text)[0])
    return found


def unpacked(text: object, kind: str) -> NDArray[np.generic]:
    return np.frombuffer(zlib.decompress(base64.b64decode(str(text))), dtype=kind)


def test_a_case_becomes_one_file(nnb: Run, tmp_path: Path) -> None:
    file = tmp_path / "page.html"

    code, out, err = nnb(
        *(
            "playground",
            "xor",
            "--lr",
            "0.01,0.1",
            "--init",
            "own",
            "--epochs",
            "3",
            "--quiet",
            "-o",
            str(file),
        )
    )

    assert (code, out, err) == (0, f"{file}\n", "")
    data = data_of(file.read_text("utf-8"))
    assert [axis["name"] for axis in data["axes"]] == ["optimizer", "activation", "learning_rate"]  # type: ignore[attr-defined]
    assert len(data["settings"]) == 3 * 3 * 2  # type: ignore[arg-type]


def test_a_function_becomes_one_file_with_its_paths(nnb: Run, tmp_path: Path) -> None:
    """Gradient descent on the notes' quadratic by hand: x ← x − rate · A (x − minimum)."""
    file = tmp_path / "page.html"

    code, _, _ = nnb("playground", "quadratic", "--optimizer", "sgd", "--lr", "0.01,0.1", "-o", str(file))

    assert code == 0
    data = data_of(file.read_text("utf-8"))
    settings = data["settings"]
    assert [each["choices"] for each in settings] == [["sgd", "0.01"], ["sgd", "0.1"]]  # type: ignore[attr-defined]
    points = unpacked(data["points"], "<f4").reshape(2, -1, 2).astype(np.float64)
    from nnkit import functions

    for rate, path in zip((0.01, 0.1), points, strict=True):
        slopes = functions.get("quadratic").gradient(path[:-1])
        np.testing.assert_allclose(path[1:], path[:-1] - rate * slopes, rtol=1e-4, atol=1e-5)


def test_the_same_command_makes_the_same_bytes(nnb: Run, tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        file = tmp_path / name / "page.html"
        file.parent.mkdir()
        nnb("playground", "xor", "--lr", "0.1", "--init", "own", "--epochs", "2", "-o", str(file))
        texts.append(DATA.findall(file.read_text("utf-8"))[0])

    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sprials"], "no case named 'sprials'. Did you mean 'spirals'"),
        (["xor", "-o", "page.md"], "--output page.md: expected a file that ends in .html. Try page.html."),
        (["quadratic", "--init", "he_normal"], "--init is of a net, and quadratic is a function"),
        (["rosenbrock", "--epochs", "3"], "--epochs is of a net, and rosenbrock is a function"),
        (
            ["xor", "--lr", ",".join(f"0.{k:03}" for k in range(1, 99))],
            "1,764 settings, and a page has at most",
        ),
        (["quadratic_deep", "--optimizer", "sgd", "--lr", "0.01,0.2"], "Leave the largest rate out."),
        (["xor", "--optimizer", "adma"], "no optimizer named 'adma'"),
        (["xor", "--seed", "-1"], "playground: Invalid value for '--seed'"),
        (["spirals", "--scale", "none,unit"], "--scale moves the samples, and there is one plane."),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], words: str, nnb: Run, tmp_path: Path) -> None:
    given = arguments if "-o" in arguments else [*arguments, "-o", str(tmp_path / "x.html")]
    code, out, err = nnb("playground", *given, "--quiet")

    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_plug_in_that_fails_ends_the_page_with_its_line(
    nnb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = optimizers._registry
    monkeypatch.setattr(known, "_parts", dict(known._parts))  # it is gone after the test
    plugin = tmp_path / "fails_in_playground.py"
    plugin.write_text(
        "import nnkit\n"
        "def update(params, grads, state, step, learning_rate):\n"
        '    """Fails."""\n'
        "    if step > 5:\n"
        "        raise RuntimeError('boom')\n"
        "nnkit.optimizers.register_numpy('fails_in_playground', update, learning_rate=0.1)\n"
    )
    file = tmp_path / "page.html"

    code, out, err = nnb(
        *("playground", "xor", "--plugin", str(plugin), "--optimizer", "fails_in_playground", "--lr", "0.1"),
        *("--init", "own", "--activation", "own", "--epochs", "2", "--quiet", "-o", str(file)),
    )

    assert (code, out) == (3, "")
    assert err.endswith("fails_in_playground.py, line 5: RuntimeError: boom\n")
    assert not file.exists()


def test_what_was_recorded_is_what_the_page_holds() -> None:
    made = samples.trained()

    data = data_of(page.render(made))

    curves, frames = data["curves"], data["frames"]
    names = curves["names"]  # type: ignore[index]
    values = unpacked(curves["values"], "<f4").reshape(len(made.settings), 4, -1)  # type: ignore[index]
    for place, setting in enumerate(made.settings):
        for k, name in enumerate(names):
            np.testing.assert_array_equal(values[place, k], setting.curves[name])
    every = np.concatenate([frame for setting in made.settings for frame in setting.frames])
    np.testing.assert_array_equal(unpacked(frames["values"], "u1"), every)  # type: ignore[index]


def test_the_table_needs_no_script() -> None:
    text = page.render(samples.trained())

    (body,) = re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    assert rows[0] == ["sgd", "0.01", "0.250", "0.300", "0.750", "0.700", "finished"]
    assert rows[-1][-1] == "diverged"
    assert '<details id="ends" open>' in text


@pytest.mark.parametrize(
    "name", ["</script><script>harm()</script>", "<img src=x onerror=harm()>", "\u202ex"]
)
def test_a_hostile_name_is_text(name: str) -> None:
    made: Trained = replace(samples.trained(), case=name, summary=name, command=name)

    text = page.render(made)

    assert "<script>harm" not in text
    assert "<img" not in text
    assert "\u202e" not in text


def test_a_page_that_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_BYTES", 10_000)

    with pytest.raises(UsageError, match=r"at most 0\.01\. Name fewer rates"):
        page.render(samples.trained())
