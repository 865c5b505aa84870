"""Every layer in an ONNX file gives what `predict` gives, and what has no form there is refused by name."""

import sys
from pathlib import Path

import pytest

import nnkit
from nnkit import layers
from nnkit.emitting.emitter import Emitter
from nnkit.errors import EnvironmentProblem, InvalidArgument
from nnkit.exchange.activations import FORMULAS
from nnkit.exchange.layers import CONVERTERS
from nnkit.layers import Layer
from nnkit.ops import Buffer
from tests.nnkit.exchange.onnx_models import library, scattered, worst

CLOSE = {"float32": 2e-6, "float64": 1e-12}
IMAGE, SEQUENCE, ROW = (6, 5, 4), (7, 4), (6,)
# Options that change what is computed.
PLAIN: list[tuple[Layer, tuple[int, ...]]] = [
    (layers.Dense(3), ROW),
    (layers.Dense(3, "relu", use_bias=False), SEQUENCE),
    (layers.Dense(4, "glu"), ROW),
    (layers.Dense(4, "softmax"), SEQUENCE),
    (layers.Maxout(3, 2), ROW),
    (layers.Maxout(3, 3), SEQUENCE),
    (layers.Activation("silu"), IMAGE),
    (layers.LeakyReLU(0.3), ROW),
    (layers.ELU(0.7), ROW),
    (layers.PReLU(), IMAGE),
    (layers.Flatten(), IMAGE),
    (layers.Flatten(), ROW),
    (layers.Reshape((5, -1)), IMAGE),
    (layers.Dropout(0.5), ROW),
    (layers.GaussianDropout(0.5), ROW),
    (layers.AlphaDropout(0.5), ROW),
    (layers.SpatialDropout1D(0.5), SEQUENCE),
    (layers.SpatialDropout2D(0.5), IMAGE),
    (layers.GaussianNoise(0.5), ROW),
    (layers.RandomShift(1), IMAGE),
    (layers.BatchNormalization(), ROW),
    (layers.BatchNormalization(epsilon=0.1), IMAGE),
    (layers.LayerNormalization(), SEQUENCE),
    (layers.GroupNormalization(2), IMAGE),
    (layers.GroupNormalization(-1), SEQUENCE),
    (layers.GroupNormalization(2), ROW),
    (layers.InstanceNormalization(), IMAGE),
    (layers.RMSNormalization(), SEQUENCE),
    (layers.Residual([layers.Dense(6, "tanh"), layers.Residual([layers.Dense(6)])]), ROW),
]
# With machine code of their own for every shape, which takes long to compile: in float32 alone.
WINDOWS: list[tuple[Layer, tuple[int, ...]]] = [
    (layers.Conv2D(6, (3, 2), 2, "same", activation="relu", groups=2), IMAGE),
    (layers.Conv2D(2, 2, dilation_rate=2, padding=((1, 0), (2, 1)), use_bias=False), IMAGE),
    (layers.Conv1D(3, 3, 2, "same", dilation_rate=1), SEQUENCE),
    (layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), IMAGE),
    (layers.SeparableConv2D(3, 2, activation="tanh"), IMAGE),
    # One channel and one filter a group, and no bias: of more, onnx's evaluator goes wrong.
    (layers.Conv2DTranspose(4, 3, 2, "same", groups=4, use_bias=False), IMAGE),
    (layers.Conv2DTranspose(2, 3, 3, padding=1, output_padding=2), (2, 3, 2)),
    (layers.Conv2DTranspose(2, 1, 2, "valid", dilation_rate=2), (2, 3, 2)),
    (layers.Conv1DTranspose(3, 3, 2, "valid"), SEQUENCE),
    (layers.MaxPooling2D(3, 2, "same"), IMAGE),
    (layers.MaxPooling2D(2, 1, dilation_rate=2), IMAGE),
    (layers.MaxPooling1D(2), SEQUENCE),
    (layers.AveragePooling2D((3, 2), 2, "same"), IMAGE),
    (layers.AveragePooling2D(3, 2, 1, count_include_pad=True), IMAGE),
    (layers.AveragePooling2D(2, 1, "same", dilation_rate=2), IMAGE),
    (layers.AveragePooling1D(3, 2, "same", dilation_rate=2), SEQUENCE),
    (layers.LpPooling2D(2, norm_type=3), IMAGE),
    (layers.LpPooling1D(3, 2, "same"), SEQUENCE),
    (layers.GlobalAveragePooling2D(), IMAGE),
    (layers.GlobalMaxPooling2D(), IMAGE),
    (layers.GlobalAveragePooling1D(), SEQUENCE),
    (layers.GlobalMaxPooling1D(), SEQUENCE),
]
TRIED = [(*one, dtype) for one in PLAIN for dtype in ("float32", "float64")]
TRIED += [(*one, "float32") for one in WINDOWS] + [(layers.Conv1D(2, 2), SEQUENCE, "float64")]


def _name(given: object) -> str:
    return given.record.name if isinstance(given, Layer) else str(given).replace(" ", "")


@pytest.mark.parametrize(("layer", "shape", "dtype"), TRIED, ids=_name)
def test_the_file_gives_what_predict_gives(
    layer: Layer, shape: tuple[int, ...], dtype: str, tmp_path: Path
) -> None:
    """For one row and for three, with weights and running statistics of no special value."""
    library()
    model = scattered([layer], shape, dtype)

    assert worst(model, tmp_path / "net.onnx") < CLOSE[dtype]


def test_every_layer_has_a_form_and_is_tried() -> None:
    known = {layers.record(name).make for name in layers.names()}

    assert known == set(CONVERTERS) == {type(layer) for layer, _, _ in TRIED}


def test_images_are_turned_once_and_back_once(tmp_path: Path) -> None:
    """Between two layers of images, and what stands between them, nothing is turned for nothing."""
    onnx = library()
    stack = [
        layers.Conv2D(2, 2, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.5),
        layers.Conv2D(2, 2, activation="elu"),
        layers.Flatten(),
        layers.Dense(2),
    ]
    model = scattered(stack, IMAGE, "float32")

    assert worst(model, tmp_path / "net.onnx") < CLOSE["float32"]
    kinds = [node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node]
    first, last = "Transpose Conv Relu BatchNormalization MaxPool Conv Elu Transpose", "Flatten Gemm"
    assert kinds == f"{first} {last}".split()


class Doubled(Layer):
    """A layer from outside, which nobody has said the ONNX form of."""

    record = layers.record("Flatten")

    def emit(self, emitter: Emitter, x: Buffer, name: str) -> Buffer:
        return x

    def config(self) -> dict[str, object]:
        return {}


def test_a_layer_without_a_form_is_refused_by_name(tmp_path: Path) -> None:
    """And nothing is written."""
    library()
    model = nnkit.Sequential([layers.Dense(2), Doubled()], input_shape=(3,))

    with pytest.raises(InvalidArgument, match=r"flatten_0: the layer .* has no form in ONNX"):
        model.export(tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_an_activation_from_outside_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as its formula is not among the others."""
    library()
    monkeypatch.delitem(FORMULAS, "tanh")
    model = nnkit.Sequential([layers.Dense(2, "tanh")], input_shape=(3,))

    with pytest.raises(InvalidArgument, match=r"dense_0: the activation 'tanh' has no form in ONNX"):
        model.export(tmp_path / "net.onnx")


def test_without_the_package_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = nnkit.Sequential([layers.Dense(2)], input_shape=(3,))

    with pytest.raises(EnvironmentProblem, match=r'pip install "nnkit-bench\[onnx\]"'):
        model.export(tmp_path / "net.onnx")


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    """Version, digest and what is added; a free number of rows; a format that is unknown is refused."""
    onnx = library()
    model = nnkit.Sequential([layers.Dense(2)], input_shape=(3,))
    model.export(tmp_path / "net.onnx", metadata={"case": "mine"})
    found = onnx.load(tmp_path / "net.onnx")

    facts = {one.key: one.value for one in found.metadata_props}
    assert facts == {"nnkit": nnkit.__version__, "digest": model.digest(), "case": "mine"}
    assert found.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [found.graph.input[0].name, found.graph.output[0].name] == ["input", "output"]
    with pytest.raises(InvalidArgument, match="format must be 'onnx', found 'torch'"):
        model.export(tmp_path / "net.pt", format="torch")
