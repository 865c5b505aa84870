"""Values pass forward through a circuit and gradients back, one number on every wire."""

from collections.abc import Mapping, Sequence

from nnbench.records.circuit import Circuit, Collapsed, Node, Routing
from nnbench.studies.circuit.gates import GATES, check_finite, finite, sigmoid
from nnbench.studies.circuit.reading import Operand, Step, check_names, read

# The worked example of the lecture notes, which is that of Stanford's CS231n, lecture 4.
SIGMOID_CIRCUIT = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
ITS_NUMBERS: Mapping[str, float] = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def circuit(expression: str, values: Mapping[str, float]) -> Circuit:
    """Return the graph of an expression with all values and gradients, or raise UsageError.

    The gradient of the last node is 1. Every gate multiplies the gradient that reaches it by its local
    gradients, and passes the products to what it reads; where several wires leave a node, they add up.
    """
    steps = read(expression)
    check_names(steps, values)
    results: list[float] = []
    for step in steps:
        results.append(_value(step, results, values))
    local = [_slopes(step, result, results) for step, result in zip(steps, results, strict=True)]
    gradients = _gradients(steps, local)
    nodes = tuple(_node(*each) for each in zip(steps, results, gradients, local, strict=True))
    return Circuit(expression, nodes, tuple(_sigmoids(steps, results, gradients)))


def _value(step: Step, results: Sequence[float], values: Mapping[str, float]) -> float:
    if not step.operands:
        return values[step.name]
    return finite(step.text, GATES[step.name].value, [_number(each, results) for each in step.operands])


def _slopes(step: Step, result: float, results: Sequence[float]) -> list[tuple[int, float]]:
    """Return the node behind each wire into a gate, and the local gradient; a constant has no wire."""
    inputs = [_number(each, results) for each in step.operands]
    return [
        (operand, finite(step.text, slope, [result, *inputs]))
        for operand, slope in zip(step.operands, GATES[step.name].slopes if inputs else (), strict=False)
        if isinstance(operand, int)
    ]


def _gradients(steps: Sequence[Step], local: Sequence[Sequence[tuple[int, float]]]) -> list[float]:
    gradients = [0.0] * len(steps)
    gradients[-1] = 1.0
    for place in reversed(range(len(steps))):
        for source, slope in local[place]:
            gradients[source] += slope * gradients[place]
    for step, gradient in zip(steps, gradients, strict=True):
        check_finite(f"the gradient of {step.text}", gradient)
    return gradients


def _number(operand: Operand, results: Sequence[float]) -> float:
    return results[operand] if isinstance(operand, int) else operand


def _node(step: Step, value: float, gradient: float, local: Sequence[tuple[int, float]]) -> Node:
    return Node(
        label=_label(step),
        text=step.text,
        value=value,
        gradient=gradient,
        reads=tuple(source for source, _ in local),
        local=tuple(slope for _, slope in local),
        routing=_routing(step),
    )


def _routing(step: Step) -> Routing:
    """Return the word for a gate; one that multiplies by a constant has nothing to swap with."""
    if not step.operands:
        return ""
    is_scaled = step.name == "multiply" and not all(isinstance(each, int) for each in step.operands)
    return "scales" if is_scaled else GATES[step.name].routing


def _label(step: Step) -> str:
    """Return what stands in the circle: ``+`` of two wires, and of one and a constant ``+1``."""
    if not step.operands:
        return step.name
    form, wires = GATES[step.name].label, [isinstance(each, int) for each in step.operands]
    if form and all(wires):
        return form.replace("{}", "").strip() if len(wires) > 1 else "×(−1)"
    names = iter("xyzuvabc")
    written = [next(names) if isinstance(each, int) else _constant(each) for each in step.operands]
    if not form:
        return step.name if all(wires) else f"{step.name}({', '.join(written)})"
    if step.name in ("add", "multiply"):
        written.sort(key=lambda text: text != "x")
    return form.format(*written).replace(" ", "").removeprefix("x" if step.name in _PLAIN else "")


_PLAIN = ("add", "subtract", "multiply")  # x + 1 is "+1" in its circle


def _constant(value: float) -> str:
    text = f"{value:g}".replace("-", "−")
    return f"({text})" if value < 0 else text


def _sigmoids(steps: Sequence[Step], results: Sequence[float], gradients: Sequence[float]) -> list[Collapsed]:
    """Return every chain 1/(1 + exp(-z)) as the one gate that it is."""
    found = []
    for last, step in enumerate(steps):
        if (ends := _ends_of_sigmoid(steps, step)) is not None:
            source, first = ends
            value = sigmoid(results[source])
            slope = (1 - value) * value
            found.append(Collapsed(source, first, last, value, slope, slope * gradients[last]))
    return found


def _ends_of_sigmoid(steps: Sequence[Step], step: Step) -> tuple[int, int] | None:
    """Return what the chain reads that ends here, and its first gate, if it is a sigmoid.

    Its gates are a minus, exp, +1 and 1/x.
    """
    match step:
        case Step("divide", operands=(1.0, int(place))) | Step("power", operands=(int(place), -1.0)):
            total = steps[place]
        case _:
            return None
    match total:
        case Step("add", operands=(1.0, int(place)) | (int(place), 1.0)):
            power = steps[place]
        case _:
            return None
    match power:
        case Step("exp", operands=(int(first),)):
            minus = steps[first]
        case _:
            return None
    match minus:
        case Step("negate", operands=(int(source),)):
            return source, first
        case Step("multiply", operands=(-1.0, int(source)) | (int(source), -1.0)):
            return source, first
    return None
