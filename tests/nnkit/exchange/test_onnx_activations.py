"""Every activation in an ONNX file gives what `predict` gives, and one without a form there is refused."""

from pathlib import Path

import pytest

from nnkit import activations, layers
from nnkit.exchange.activations import FORMULAS
from tests.nnkit.exchange.onnx_models import library, scattered, worst

# Rounding of float32 and of float64; a wrong formula is off by hundredths.
CLOSE = {"float32": 2e-6, "float64": 1e-12}
OF_ERF = ("gelu", "geglu", "derf")
OPTIONS = [
    "leaky_relu(negative_slope=0.3)", "elu(alpha=0.7)", "celu(alpha=1.7)", "thresholded_relu(theta=0.3)",
    "threshold(threshold=0.1,value=-0.7)", "hard_sigmoid(slope=0.2)", "hard_shrink(threshold=0.3)",
    "soft_shrink(threshold=0.3)", "squareplus(b=0.3)", "rrelu(lower=0.1,upper=0.6)",
    "prelu(per=layer)", "prelu(per=value)", "prelu(learned=false,negative_slope=-0.4)",
    "swish_beta(learned=false,beta=1.3)", "swish_beta(per=channel)", "snake(learned=true)",
    "snake(learned=true,per=layer,alpha=2.5)", "starrelu(learned=false)", "xielu(learned=false)",
    "xielu(per=value)", "dyt(learned=false,alpha=0.9)", "derf(learned=false,shift=0.3)",
]  # fmt: skip


# Those whose numbers are attributes of float32 in ONNX, or that have one more formula for float64.
DOUBLE = [
    "leaky_relu(negative_slope=0.3)", "elu(alpha=0.7)", "celu(alpha=1.7)", "selu", "hard_sigmoid(slope=0.2)",
    "thresholded_relu(theta=0.3)", "gelu", "derf", "squareplus(b=0.3)", "prelu", "snake", "softmax",
]  # fmt: skip


@pytest.mark.parametrize(
    ("spelled", "dtype"),
    [(name, "float32") for name in (*sorted(FORMULAS), *OPTIONS)] + [(name, "float64") for name in DOUBLE],
)
def test_the_file_gives_what_predict_gives(spelled: str, dtype: str, tmp_path: Path) -> None:
    """For one row and for three, behind numbers that the layer learns."""
    library()
    model = scattered([layers.Activation(spelled)], (5, 6), dtype, keep=True)

    # ONNX's evaluator rounds erf to float32 in nets of any type.
    close = 1e-7 if dtype == "float64" and spelled.partition("(")[0] in OF_ERF else CLOSE[dtype]
    assert worst(model, tmp_path / "net.onnx") < close


def test_every_activation_has_a_form() -> None:
    missing = set(activations.names()) - set(FORMULAS)

    assert {name for name in missing if activations.record(name).source != "plug-in"} == set()
