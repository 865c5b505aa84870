"""The deep belief net: machines stacked, each trained on the hidden units of the one below."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit.errors import InvalidArgument
from nnkit.layers import Dense
from nnkit.model import Sequential
from nnkit.pretraining.rbm import RBM

Array = NDArray[Any]


class DBN:
    """A stack of restricted Boltzmann machines, trained greedily from the bottom up.

    Learning    the first machine learns from the data, every further one from the probabilities of the
                hidden units of the one below
    Unrolling   the machines' weights become those of a sigmoid net, or of an autoencoder whose decoder has
                the transposed weights and the visible biases; fine-tuning is then an ordinary `fit`
    Source      Hinton, Osindero and Teh (2006), Neural Computation 18(7); Hinton and Salakhutdinov (2006),
                Science 313, 504-507
    """

    def __init__(
        self,
        n_hidden: Sequence[int],
        *,
        seed: int = 0,
        visible: str = "bernoulli",
        dtype: str = "float32",
    ) -> None:
        sizes = list(n_hidden) if isinstance(n_hidden, Sequence) and not isinstance(n_hidden, str) else []
        if not sizes:
            raise InvalidArgument(
                f"DBN: n_hidden must be a list of sizes such as [1000, 500, 30], found {n_hidden!r}."
            )
        self.machines = tuple(
            RBM(size, seed=seed, visible="bernoulli" if layer else visible, dtype=dtype, layer=layer)
            for layer, size in enumerate(sizes)
        )
        self.seed, self.dtype = seed, dtype

    def fit(
        self,
        x: ArrayLike,
        *,
        epochs: int = 10,
        k: int = 1,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        persistent: bool = False,
    ) -> "DBN":
        """Train every machine in turn for ``epochs`` epochs; see `RBM.fit` for the other numbers.

        A machine of Gaussian visible units learns at a tenth of the rate: at more its weights run away
        (Hinton 2010, section 13.2, advises one or two orders of magnitude less).
        """
        rows = x
        for machine in self.machines:
            machine.fit(
                rows,
                epochs=epochs,
                k=k,
                learning_rate=0.1 * learning_rate if machine.is_gaussian else learning_rate,
                batch_size=batch_size,
                momentum=momentum,
                weight_decay=weight_decay,
                persistent=persistent,
            )
            rows = machine.transform(rows)
        return self

    def transform(self, x: ArrayLike) -> Array:
        """Return the probabilities of the top machine's hidden units."""
        rows: Any = x
        for machine in self.machines:
            rows = machine.transform(rows)
        return np.asarray(rows)

    def unroll(self) -> Sequential:
        """Return the deep autoencoder: these machines upwards, and the same downwards with turned weights."""
        first = self.machines[0]
        decoder = [
            Dense(len(machine.weights), activation="linear" if machine.is_gaussian else "sigmoid")
            for machine in reversed(self.machines)
        ]
        model = self._net([*self._encoder(), *decoder])
        up = [(machine.weights, machine.hidden_bias) for machine in self.machines]
        down = [(machine.weights.T, machine.visible_bias) for machine in reversed(self.machines)]
        model.set_parameters(_named([*up, *down]))
        assert model.input_shape == (len(first.weights),), (model.input_shape, first.weights.shape)
        return model

    def classifier(self, n_classes: int) -> Sequential:
        """Return the sigmoid net with these weights and a new head of ``n_classes`` logits (Glorot)."""
        model = self._net([*self._encoder(), Dense(n_classes)])
        model.set_parameters(self.hidden_parameters())
        return model

    def hidden_parameters(self) -> Mapping[str, Array]:
        """Return the machines' weights and hidden biases by the names of a net's first dense layers."""
        return _named([(machine.weights, machine.hidden_bias) for machine in self.machines])

    def _encoder(self) -> list[Dense]:
        return [Dense(machine.n_hidden, activation="sigmoid") for machine in self.machines]

    def _net(self, layers: list[Dense]) -> Sequential:
        n_visible = len(self.machines[0].weights)
        if not n_visible:
            raise InvalidArgument("DBN: the machines have learnt nothing yet. Call fit(x) first.")
        return Sequential(layers, input_shape=(n_visible,), seed=self.seed, dtype=self.dtype)


def _named(layers: Sequence[tuple[Array, Array]]) -> dict[str, Array]:
    named: dict[str, Array] = {}
    for index, (kernel, bias) in enumerate(layers):
        named |= {f"dense_{index}/kernel": kernel, f"dense_{index}/bias": bias}
    return named
