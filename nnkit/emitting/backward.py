"""The backward sweep: ops in reverse, each emitting the ops of its gradient rule."""

from nnkit.emitting.emitter import Emitter
from nnkit.entries import op_kind
from nnkit.kernels.movement import accumulate
from nnkit.ops import Buffer, Op, Operand

ACCUMULATE = op_kind(
    "accumulate",
    accumulate,
    Operand("x", "in"),
    Operand("y", "inout"),
    flops=lambda shapes: shapes["x"][0],
    block=1,
)


class Sweep:
    """What a gradient rule gets: the gradients of the outputs, and a place for those of the inputs."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._gradients: dict[Buffer, Buffer] = {}
        self._active = _reached_from_parameters(emitter.ops)
        self.emit = emitter.emit
        self.transient = emitter.transient
        self.graph = emitter.graph

    def wants(self, buffer: Buffer) -> bool:
        """True where the gradient of ``buffer`` leads to a parameter; the data's own is never computed."""
        return buffer in self._active

    def gradient(self, buffer: Buffer) -> Buffer:
        """Return the gradient that has arrived at ``buffer``, an output that the loss depends on."""
        return self._gradients[buffer]

    def parameter_gradient(self, parameter: Buffer) -> Buffer:
        """Return where to write the gradient of a parameter; that of a frozen one is used by nothing."""
        found = self.graph.gradients.get(parameter)
        return found if found is not None else self.new_gradient(parameter)

    def new_gradient(self, buffer: Buffer) -> Buffer:
        """Return a buffer to write one consumer's share of the gradient of ``buffer`` into."""
        return self.transient(f"d {buffer.name}", buffer.shape)

    def arrive(self, buffer: Buffer, share: Buffer) -> None:
        """Say that ``share`` holds a consumer's share: the first is the gradient, the others are added."""
        if buffer in self._gradients:
            self.emit(ACCUMULATE, {"x": share, "y": self._gradients[buffer]})
        else:
            self._gradients[buffer] = share

    def run(self, outputs: Buffer, doutputs: Buffer, ops: list[Op]) -> None:
        self._gradients[outputs] = doutputs
        for op in reversed(ops):
            written = op.touched("out", "inout")
            # What no trained parameter has a part in, such as the layers below the first that is not frozen,
            # needs no gradient.
            reached = any(buffer in self._gradients and self.wants(buffer) for buffer in written)
            if op.kind.gradient is not None and reached:
                op.kind.gradient(op, self)


def sweep_backward(emitter: Emitter, outputs: Buffer, doutputs: Buffer) -> None:
    """Append to ``emitter`` the ops that turn ``doutputs`` into the gradient of every parameter."""
    forward = list(emitter.ops)
    Sweep(emitter).run(outputs, doutputs, forward)


def _reached_from_parameters(ops: list[Op]) -> set[Buffer]:
    active: set[Buffer] = set()
    for op in ops:
        if any(buffer.kind == "parameter" or buffer in active for buffer in op.touched("in", "inout")):
            active.update(op.touched("out", "inout"))
    return active
