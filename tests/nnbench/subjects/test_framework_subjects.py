"""The same digits, net and optimizers in several frameworks: none comes to the opposite of another."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent / "examples"
CHOICES = ("--optimizer", "sgd,momentum,adam", "--epochs", "3", "--seeds", "6", "--json")
OPPOSITE = {"better": "worse", "worse": "better"}


def _verdicts(nnb: Any, case: str) -> dict[tuple[str, str], str]:
    """Return the verdict on every pair of optimizers."""
    found = {}
    for reference in ("sgd", "adam"):
        code, text, said = nnb("run", case, *CHOICES, "--against", reference)
        assert code == 0, said
        document = json.loads(text)
        assert {trial["status"] for trial in document["trials"]} == {"finished"}
        for each in document["verdicts"]:
            found[each["a"]["optimizer"], each["b"]["optimizer"]] = each["verdict"]
    return found


@pytest.mark.parametrize(
    ("framework", "modules"),
    [("sklearn", ["sklearn"]), ("torch", ["torch"]), ("keras", ["keras", "jax"])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_verdict_is_the_opposite_of_the_native_one(
    nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str, modules: list[str]
) -> None:
    # Not imported here: a framework that this process had loaded would slow its other tests down.
    for module in modules:
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed, and this subject is made with it")
    monkeypatch.chdir(tmp_path)

    theirs = _verdicts(nnb, str(EXAMPLES / f"digits_{framework}.toml"))
    native = _verdicts(nnb, "digits")

    assert theirs.keys() == native.keys() == {
        ("momentum", "sgd"), ("adam", "sgd"), ("sgd", "adam"), ("momentum", "adam"),
    }  # fmt: skip
    assert {pair for pair in theirs if OPPOSITE.get(theirs[pair]) == native[pair]} == set()
    assert (theirs["adam", "sgd"], native["adam", "sgd"]) == ("better", "better")
