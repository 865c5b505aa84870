"""What a model has to leave by: the verbs that write its net and its weights for others, and read weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnkit.compiler.program import Program
from nnkit.errors import InvalidArgument
from nnkit.exchange.facts import described
from nnkit.exchange.onnx import onnx_bytes
from nnkit.exchange.weights import read_weights, weights_bytes
from nnkit.layers.base import Layer, named
from nnkit.training import saving
from nnkit.training.turns import Turn, in_turn

Array = NDArray[Any]


class Leaving:
    """The verbs, for a model that has these."""

    layers: tuple[Layer, ...]
    input_shape: tuple[int, ...]
    dtype: str
    turn: Turn

    def program(self, *, batch_size: int = 32) -> Program:
        """Return the compiled program."""
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, Array]:
        """The live parameters by name."""
        raise NotImplementedError

    @property
    def states(self) -> dict[str, Array]:
        """What lives with the model and is not trained."""
        raise NotImplementedError

    def digest(self) -> str:
        """Return the SHA-256 of all of these."""
        raise NotImplementedError

    @in_turn
    def export(
        self, filepath: str | Path, *, format: str = "onnx", metadata: Mapping[str, str] | None = None
    ) -> None:
        """Write the net as it predicts to an ONNX file, for any number of rows; Keras's `export`.

        Input and output are called ``input`` and ``output``, and have the shapes that `predict` has. Dropout
        is left out, batch normalisation goes by its running statistics. Properties of the file say nnkit's
        version and the weights' digest, and what ``metadata`` adds. Needs the extra ``nnkit-bench[onnx]``.
        """
        if format != "onnx":
            raise InvalidArgument(f"export: format must be 'onnx', found {format!r}.")
        path, program = saving.as_path(filepath, "export"), self.program(batch_size=1)
        content = onnx_bytes(
            self.layers,
            self.input_shape,
            output_shape=program.outputs.shape[1:],
            dtype=self.dtype,
            weights=self._weights(),
            metadata=described(self.digest(), metadata),
        )
        with saving.written(path) as stream:
            stream.write(content)

    @in_turn
    def save_weights(self, filepath: str | Path, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write parameters and running statistics to a safetensors file, by their names.

        Its metadata say nnkit's version and the weights' digest, and what ``metadata`` adds. Needs the extra
        ``nnkit-bench[safetensors]``.
        """
        path = saving.as_path(filepath, "save_weights")
        content = weights_bytes(self._weights(), described(self.digest(), metadata))
        with saving.written(path) as stream:
            stream.write(content)

    @in_turn
    def load_weights(self, filepath: str | Path) -> None:
        """Overwrite parameters and running statistics with those of a safetensors file.

        Names, shapes and types must be the model's, all of them; nothing is written where one is not.
        """
        known = self._weights()
        found = read_weights(saving.as_path(filepath, "load_weights"), known)
        for name, view in known.items():
            view[...] = found[name]

    def _weights(self) -> dict[str, Array]:
        values = {**self.parameters, **self.states}
        layers = {name: place for place, name in enumerate(name for name, _ in named(self.layers))}

        def place(name: str) -> int:
            owner = name.rpartition("/")[0]  # a layer, or a part of one: separable_conv2d_0/depthwise
            return layers[owner] if owner in layers else layers[owner.rpartition("/")[0]]

        return dict(sorted(values.items(), key=lambda one: place(one[0])))
