"""A PyTorch Sequential becomes a case: the same size, and the same outputs with the same weights."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nnbench.starters.case_of_model import case_text
from nnbench.starters.torch_modules import read_torch
from tests.nnbench.starters.filled import inputs_for, weights_for
from tests.nnbench.starters.made import case_in, native, outputs, variables

torch = pytest.importorskip("torch", reason="PyTorch is what these models are written in")
nn = torch.nn
Command = Callable[..., tuple[int, str, str]]
# By name: the model, one sample's shape there, and how many channels a Flatten behind images reorders.
NETS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(64, 9), nn.ReLU(), nn.Dropout(0.3), nn.Linear(9, 10)), (64,)),
    "no bias": (
        lambda: nn.Sequential(nn.Linear(13, 8, bias=False), nn.ELU(0.7), nn.Linear(8, 3)),
        (13,),
    ),
    "norms": (
        lambda: nn.Sequential(
            nn.Linear(64, 8), nn.LayerNorm(8, eps=1e-4), nn.LeakyReLU(0.02), nn.Linear(8, 8),
            nn.BatchNorm1d(8, momentum=0.3), nn.GELU(), nn.Linear(8, 10),
        ),
        (64,),
    ),
    "nested": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(64, 6)), nn.GELU(approximate="tanh"), nn.Identity(),
            nn.Linear(6, 6), nn.SELU(), nn.Linear(6, 10),
        ),
        (64,),
    ),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU6(), nn.MaxPool2d(2),
            nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0)), nn.SiLU(), nn.Flatten(),
            nn.Linear(36, 10),
        ),
        (1, 8, 8),
    ),
    "groups": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False), nn.Mish(), nn.Conv2d(4, 8, 3, groups=2, padding="same"),
            nn.Hardswish(), nn.Conv2d(8, 4, 2, dilation=2), nn.AvgPool2d(2, stride=1), nn.PReLU(4),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10),
        ),
        (1, 8, 8),
    ),
    "unflattened": (
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3), nn.Tanh(), nn.AdaptiveMaxPool2d((1, 1)),
            nn.Flatten(), nn.Linear(3, 10),
        ),
        (64,),
    ),
    "sequence": (
        lambda: nn.Sequential(
            nn.Conv1d(1, 4, 5, stride=2, padding=2), nn.Softplus(), nn.MaxPool1d(3, stride=2, padding=1),
            nn.Conv1d(4, 4, 3), nn.Softsign(), nn.AvgPool1d(2, padding=1, count_include_pad=False),
            nn.Flatten(), nn.Linear(20, 10),
        ),
        (1, 40),
    ),
    "regression": (lambda: nn.Sequential(nn.Linear(10, 5), nn.Hardsigmoid(), nn.Linear(5, 1)), (10,)),
    "binary": (lambda: nn.Sequential(nn.Linear(30, 5), nn.Hardtanh(), nn.Linear(5, 1)), (30,)),
}  # fmt: skip


def channels_last(value: Any) -> Any:
    """Return a kernel of PyTorch, (out, in, …), in Keras's order (…, in, out)."""
    return np.moveaxis(value, (0, 1), (-1, -2)) if value.ndim > 1 else value


def copied(net: Any, made: Any) -> None:
    """Give both the same weights; a dense layer behind images reads their values in another order."""
    with torch.no_grad():
        arrays = dict(net.state_dict())
        named = [name for name in arrays if not name.endswith("num_batches_tracked")]
        for place, ((_, own), name) in enumerate(zip(variables(made), named, strict=True)):
            drawn = weights_for(name, arrays[name].shape, place)
            arrays[name].copy_(torch.from_numpy(drawn))
            own[...] = channels_last(drawn).reshape(own.shape)


def reordered(made: Any, net: Any, shape: tuple[int, ...]) -> None:
    """Sort the rows of the dense kernel behind images from (channels, …) to (…, channels)."""
    sizes = net[: [type(one).__name__ for one in net].index("Flatten")](torch.zeros(1, *shape).double()).shape
    (kernel,) = [v for name, v in variables(made) if name.startswith("dense") and name.endswith("kernel")][:1]
    rows = kernel.reshape(*sizes[1:], -1)
    kernel[...] = np.moveaxis(rows, 0, len(sizes) - 2).reshape(kernel.shape)


@pytest.mark.parametrize("name", NETS)
def test_size_and_outputs_are_pytorch_s(name: str) -> None:
    """float64, in inference; inputs and the kernel behind Flatten are put in the order of NHWC."""
    make, shape = NETS[name]
    net = make().double().eval()
    model = read_torch(net, "nets:net")
    case = case_in(case_text(model, "mine", {"binary": "breast_cancer"}.get(name)))
    made = native(case)
    copied(net, made)
    if len(shape) > 1:
        reordered(made, net, shape)
    inputs = inputs_for(shape)
    there = net(torch.from_numpy(inputs)).detach().numpy()
    here = outputs(case, made, np.moveaxis(inputs, 1, -1) if len(shape) > 1 else inputs)

    assert sum(value.size for value in made.parameters.values()) == sum(p.numel() for p in net.parameters())
    np.testing.assert_allclose(here, there, rtol=1e-12, atol=1e-12)


def test_the_momentum_of_batch_norm_is_what_is_kept() -> None:
    """PyTorch's 0.3 is the share of the new batch, Keras's 0.7 that of the old statistics."""
    case = case_in(case_text(read_torch(NETS["norms"][0](), "nets:net"), "mine", None))
    (norm,) = (layer for layer in case.model.unrolled() if layer["type"] == "BatchNormalization")

    assert (norm["momentum"], norm["epsilon"]) == (0.7, 1e-5)


def test_initial_weights_have_the_distribution_of_pytorch() -> None:
    """Kernels and biases uniform up to one over the root of the fan in, where PyTorch's own lie too."""
    net = nn.Sequential(nn.Linear(64, 900), nn.ReLU(), nn.Linear(900, 10))
    case = case_in(case_text(read_torch(net, "nets:net"), "mine", None))
    limits = (1 / math.sqrt(64),) * 2 + (1 / math.sqrt(900),) * 2

    for own, other, limit in zip(native(case).parameters.values(), net.parameters(), limits, strict=True):
        assert stats.kstest(own.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-3
        assert 0.5 * limit < float(other.detach().abs().max()) <= limit


def test_a_softmax_at_the_end_is_left_out_and_said_so() -> None:
    model = read_torch(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), "nets:net")
    case = case_in(case_text(model, "mine", "iris"))

    assert [layer["type"] for layer in case.model.unrolled()] == ["Dense"]
    assert "The softmax at the end is left out: the loss here has it in it." in model.notes


def test_weights_that_pytorch_did_not_draw_by_itself_are_remarked_on() -> None:
    net = nn.Sequential(nn.Linear(4, 3))
    nn.init.normal_(net[0].weight, std=2.0)
    model = read_torch(net, "nets:net")

    assert "0, Linear: its weights are not those of PyTorch's default" in model.notes[0]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: nn.Sequential(nn.LSTM(4, 4)), "module 0, LSTM: nnkit has no layer for this class"),
        (lambda: nn.Sequential(nn.Embedding(4, 4)), "module 0, Embedding: nnkit has no layer"),
        (lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.GRU(4, 4))), "module 0.1, GRU: "),
        (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding_mode="circular")), "no padding_mode = 'circular'"),
        (lambda: nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), "nnkit has no ceil_mode = True"),
        (lambda: nn.Sequential(nn.AvgPool2d(3, padding=1)), "nnkit has no count_include_pad = True"),
        (lambda: nn.Sequential(nn.BatchNorm1d(4, affine=False)), "nnkit has no affine = False"),
        (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(2)), "nnkit has no output_size = 2"),
        (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.LayerNorm(6)), "Put a Flatten before it"),
        (lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1), nn.Linear(3, 3)), "at the end only"),
        (lambda: nn.Sequential(nn.Linear(4, 3).requires_grad_(False)), "requires_grad is false"),
        (lambda: nn.Sequential(nn.Linear(5, 3)), "no data set fits its 3 outputs and inputs of shape (5)"),
        (lambda: nn.Linear(4, 3), "found torch.nn.modules.linear.Linear"),
    ],
)
def test_what_nnkit_has_not_is_one_line_and_no_file(
    make: Callable[[], Any], line: str, nnb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch, "of_a_test", make, raising=False)
    code, out, err = nnb("init", "case", "mine.toml", "--from", "torch:of_a_test")

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err
    assert not Path("mine.toml").exists()
