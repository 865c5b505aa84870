"""Nets as ONNX files: standard operators, in inference mode, for any number of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from nnkit.errors import EnvironmentProblem, InvalidArgument
from nnkit.exchange.graph import Array, Node, OnnxGraph, Value
from nnkit.exchange.layers import convert_stack
from nnkit.layers.base import Layer

# Of early 2023: every runtime of today reads it, and it has all the operators that the layers need but a few,
# which are made of others.
OPSET, IR_VERSION = 18, 8
INPUT, OUTPUT, BATCH_NAME = "input", "output", "batch"
_MOST_BYTES = 2_000_000_000  # protobuf ends at 2 GiB


def onnx_bytes(
    layers: Sequence[Layer],
    input_shape: tuple[int, ...],
    *,
    output_shape: tuple[int, ...],
    dtype: str,
    weights: Mapping[str, Array],
    metadata: Mapping[str, str],
) -> bytes:
    """Return the ONNX file of a net as it predicts.

    ``weights`` are parameters and running statistics by name. The file's one input ``input`` is
    (batch, \\*input_shape), its one output ``output`` (batch, \\*output_shape), channels last as in nnkit;
    ``metadata`` stands in its
    properties, the version under "nnkit". It has passed `onnx.checker` with shape inference. Raises
    EnvironmentProblem without the package onnx, and InvalidArgument for a layer or an activation that has no
    form in ONNX.
    """
    onnx = _library()
    n_bytes = sum(array.nbytes for array in weights.values())
    if n_bytes > _MOST_BYTES:
        raise InvalidArgument(
            f"export: weights of {n_bytes / 1e9:.3g} GB do not fit an ONNX file, which holds 2 GB. Write them"
            " with save_weights."
        )
    graph = OnnxGraph(dtype, weights)
    y = convert_stack(graph, layers, Value(graph, INPUT), input_shape)
    nodes, constants = graph.needed([y.name])
    made = onnx.helper.make_graph(
        [_node(onnx, node) for node in _named_output(nodes, y.name)],
        "nnkit",
        [_tensor(onnx, INPUT, dtype, input_shape)],
        [_tensor(onnx, OUTPUT, dtype, output_shape)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nnkit",
        producer_version=metadata["nnkit"],
    )
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    found: bytes = model.SerializeToString(deterministic=True)
    return found


def _library() -> ModuleType:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise EnvironmentProblem(
            'export: ONNX files need the package onnx. Install it: pip install "nnkit-bench[onnx]"'
        ) from error
    found: ModuleType = onnx
    return found


def _named_output(nodes: Sequence[Node], name: str) -> list[Node]:
    """Return the nodes with the last value under the name of the output."""
    if name == INPUT:
        return [*nodes, Node("Identity", (INPUT,), (OUTPUT,), {})]
    renamed = {name: OUTPUT}

    def names(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(renamed.get(one, one) for one in given)

    return [replace(node, inputs=names(node.inputs), outputs=names(node.outputs)) for node in nodes]


def _node(onnx: ModuleType, node: Node) -> Any:
    return onnx.helper.make_node(
        node.kind, node.inputs, node.outputs, name=node.outputs[0], **dict(node.attributes)
    )


def _tensor(onnx: ModuleType, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    kind = onnx.TensorProto.FLOAT if dtype == "float32" else onnx.TensorProto.DOUBLE
    return onnx.helper.make_tensor_value_info(name, kind, [BATCH_NAME, *shape])
