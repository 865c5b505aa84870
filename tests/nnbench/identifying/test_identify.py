"""``nnbench verify --class``: which optimizer a class is, in whose form, or where it is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnbench import cli
from nnbench.studies.identify import naming
from tests.nnbench.identifying.samples import SOURCE

pytestmark = pytest.mark.usefixtures("beside")


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the user's in the folder that the command is given in."""
    (tmp_path / "own_optimizers.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)


def identified(text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the checks."""
    code = cli.main(["verify", "--class", text, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "nnbench.verify/1"
    return code, document["checks"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("own_optimizers:Adam", "adam in Keras's form: epsilon beside the root that is not yet corrected"),
        ("own_optimizers:PaperAdam", "adam in PyTorch's form"),
        ("own_optimizers:PaperAdam(lr=0.3, betas=(0.5, 0.7), eps=0.01)", "adam in PyTorch's form"),
        ("own_optimizers.factory(lr=0.2)", "adam in PyTorch's form"),
        ("own_optimizers:L2Momentum", "the weight decay joining the gradient"),
        ("adagrad(epsilon_inside_root=False)", "adagrad with epsilon_inside_root = false"),
        ("lion", "lion."),
    ],
)
def test_a_class_is_told_from_its_neighbours(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = identified(text, capsys)

    assert (code, said in checks[0]["claim"]) == (0, True), checks[0]
    assert all(check["ok"] for check in checks)
    assert len(checks) > 10


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LateAdam", "is adam, but its bias corrections count the steps from 2"),
        ("InsideAdam", "is adam, but its epsilon stands inside the root"),
        (
            "TwiceAdam",
            "no known form fits. On gradients of the walk 'constant' its first steps are ",
        ),
        ("Other", "no known form fits. On gradients of the walk 'constant' step 1 moves a weight by"),
    ],
)
def test_a_wrong_one_is_said_to_be_wrong_and_where(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = identified(f"own_optimizers:{name}", capsys)

    assert (code, checks[0]["ok"]) == (1, False)
    assert said in checks[0]["claim"], checks[0]["claim"]


def test_switches_that_no_library_has_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, checks = identified("own_optimizers:UncorrectedAdam", capsys)

    assert "bias_correction = false" in checks[0]["claim"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("nosuch", 2, "no optimizer named 'nosuch'"),
        ("nosuch:Class", 2, "No module named 'nosuch'"),
        ("own_optimizers:Adem", 2, "Did you mean 'Adam'"),
        ("own_optimizers:CONSTANT", 2, "expected a class or a function, found int"),
        ("own_optimizers:Adam(rate=1)", 2, "unexpected keyword argument 'rate'"),
        ("own_optimizers:Adam(0.1)", 2, "expected options as key=value"),
        ("own_optimizers:Adam(lr=", 2, "expected options as key=value"),
        ("own_optimizers:Refuses", 2, "cannot be driven: RuntimeError: not today"),
        ("", 2, "expected torch.optim.NAdam"),
        ("os.path.join", 2, "cannot be driven"),
    ],
)
def test_what_cannot_be_found_or_driven_is_one_line(
    text: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", "--class", text]) == code
    printed = capsys.readouterr().err
    assert said in printed
    assert len(printed.strip().splitlines()) == 1


def test_a_framework_that_is_not_installed_is_said_with_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "find_spec", lambda name: None)

    assert cli.main(["verify", "--class", "torch.optim.NAdam"]) == 4
    assert "torch is not installed. Install it: pip install torch" in capsys.readouterr().err


def test_one_class_is_asked_for_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "X1", "--class", "adam"]) == 2
    assert "X1 beside it" in capsys.readouterr().err


def test_the_sentence_is_printed_above_the_walks(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "--class", "own_optimizers:Adam"]) == 0
    printed = capsys.readouterr().out

    assert printed.index("own_optimizers:Adam is adam in Keras's form") < printed.index("class.constant")
