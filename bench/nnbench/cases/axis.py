"""The axes: one record each. Options, files, environment, keys, reports and starters read these records.

A new axis is a record in `AXES`. Its own choice, the one that a case makes by itself, leaves no trace in a
trial's key, so that the trials of before are found again.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

from nnbench.cases import blocks, choices, hidden, sections
from nnbench.errors import UsageError

OWN = "own"  # on any axis: the choice that the case makes by itself
Feeds = Literal["model", "data", "training", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What configurations may differ in.

    name            in records, in JSON, and in the table ``[axes]`` of a file
    canonical       ``(text, where)`` to the one spelling of a choice, or UsageError
    own             the case's own choice
    feeds           what is made anew when the choice moves
    option          in place of the name, on the command line and in files
    always_in_key   the own choice stands in the key too, as it did before axes were records
    placeholder     the word in a case's layers that stands for the choice
    into_optimizer  the optimizer's hyper-parameter that the choice sets: ``adam`` with a decay is ``adamw``
    around          the choice is a wrapper that goes around the optimizer, others inside it before
    apply           ``(case, choice)`` to the case as it would be written with that choice
    refusal         why the axis changes nothing in this case, if so
    off             the choice that is none, for ``nnbench ablate``
    component       what it calls the others, if not by the name of the axis
    """

    name: str
    help: str
    starter: str
    canonical: Callable[[str, str], str]
    own: Callable[[Any], str]
    feeds: Feeds
    option: str = ""
    metavar: str = "LIST"
    always_in_key: bool = False
    placeholder: str | None = None
    into_optimizer: str | None = None
    around: bool = False
    apply: Callable[[Any, str], Any] | None = None
    refusal: Callable[[Any], str | None] = lambda case: None
    lists: str | None = None  # the kind of `nnbench list` that has its choices
    off: str | None = None
    component: str = ""

    @property
    def key(self) -> str:
        """The name in options, files and the environment."""
        return self.option or self.name

    def read(self, text: str, where: str) -> str:
        """Return the canonical choice, ``own`` included."""
        if not text.strip():
            raise UsageError(f"{where}: there is an empty name. Write names with single commas between them.")
        return OWN if text == OWN else self.canonical(text, where)


def _number(
    text: str, where: str, *, what: str, at_least: float = 0.0, below: float = math.inf, example: str
) -> str:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not at_least <= value < below:
        limits = f"at least {at_least:g}" + ("" if below == math.inf else f" and below {below:g}")
        raise UsageError(f"{where} {text}: {what} must be a number, {limits}. Try {example}.")
    return _spelt(value + 0.0)


def _spelt(number: float | None) -> str:
    from nnkit.registry import spell_value

    return "none" if number is None else spell_value(float(number))


def _whole(text: str, where: str, *, what: str, at_least: int, at_most: int, example: str) -> str:
    # Twenty digits are enough to be refused for; int() of thousands takes long.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else -1
    if not at_least <= number <= at_most:
        raise UsageError(
            f"{where} {text[:40]}: {what} must be a whole number from {at_least} to {at_most:,}."
            f" Try {example}."
        )
    return str(number)


def _one_of(text: str, where: str, *, what: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise UsageError(f"{where}: no {what} named {text!r}. Known: {', '.join(words)}.")
    return text


def _limit(text: str, where: str) -> str:
    if text == "none":
        return text
    found = _number(text, where, what="the limit of the gradient's length", example="1, or none")
    if float(found) == 0.0:
        raise UsageError(f"{where} {text}: a limit of 0 stops all learning. Try 1, or none.")
    return found


def _training(field: str) -> Callable[[Any, str], Any]:
    """Return what writes a number into the section [training] of a case."""

    def apply(case: Any, choice: str) -> Any:
        value = None if choice == "none" else float(choice)
        return case.rewritten(training=case.training.model_copy(update={field: value}))

    return apply


def _of_kind(kind: str) -> Callable[[str, str], str]:
    return partial(choices.canonical, kind)


OPTIMIZER = Axis(
    name="optimizer",
    help="Optimizers, e.g. 'sgd(momentum=0.9),adam'. See `nnbench list optimizers`.",
    starter='optimizer = ["sgd", "momentum", "adam"]',
    canonical=_of_kind("optimizers"),
    own=lambda case: str(case.axes.optimizer),
    feeds="training",
    always_in_key=True,
    lists="optimizers",
)
ACTIVATION = Axis(
    name="activation",
    help="Activations, e.g. 'relu,tanh'.",
    starter='activation = ["tanh", "relu"]',
    canonical=_of_kind("activations"),
    own=lambda case: str(case.axes.activation),
    feeds="model",
    always_in_key=True,
    placeholder="$activation",
    lists="activations",
)
INIT = Axis(
    name="init",
    help="Initialisers of the weights, e.g. 'he_normal'.",
    starter='init = ["glorot_uniform", "he_normal"]',
    canonical=_of_kind("initializers"),
    own=lambda case: str(case.axes.init),
    feeds="model",
    always_in_key=True,
    placeholder="$init",
    lists="initializers",
)
NORM = Axis(
    name="norm",
    help="Normalisation: none, batch, layer, group(groups=4), instance, rms.",
    starter='norm = ["none", "batch"]',
    canonical=_of_kind("norms"),
    own=lambda case: str(case.axes.norm),
    feeds="model",
    always_in_key=True,
    placeholder="$norm",
    off="none",
)
SCHEDULE = Axis(
    name="schedule",
    help="Schedules of the learning rate.",
    starter='schedule = ["constant", "cosine_decay"]',
    canonical=_of_kind("schedules"),
    own=lambda case: str(case.axes.schedule),
    feeds="rate",
    always_in_key=True,
    lists="schedules",
    off="constant",
    component="decay schedule",
)
LEARNING_RATE = Axis(
    name="learning_rate",
    option="lr",
    help="Learning rates; 'default' is the optimizer's own.",
    starter='lr = ["default", 0.01]',
    canonical=choices.learning_rate,
    own=lambda case: (
        choices.DEFAULT_RATE if case.axes.learning_rate is None else str(case.axes.learning_rate)
    ),
    feeds="rate",
    always_in_key=True,
)
BATCH_SIZE = Axis(
    name="batch_size",
    help="Batch sizes.",
    starter="batch_size = [32, 64]",
    canonical=choices.batch_size,
    own=lambda case: str(case.axes.batch_size or case.training.batch_size),
    feeds="training",
    always_in_key=True,
)
SCALE = Axis(
    name="scale",
    help="Data preparation: none, unit (divided by the largest), standardize.",
    starter='scale = ["none", "standardize"]',
    canonical=partial(_one_of, what="scale", words=("none", "unit", "standardize")),
    own=lambda case: str(case.data.scale),
    feeds="data",
    apply=sections.scaled,
    refusal=sections.targets_move,
)
WEIGHT_DECAY = Axis(
    name="weight_decay",
    help="Decoupled weight decay of the optimizer, times the rate: 'adam' with it is 'adamw'.",
    starter="weight_decay = [0, 0.004]",
    canonical=partial(_number, what="weight decay", example="0.004"),
    own=lambda case: OWN,
    feeds="training",
    into_optimizer="weight_decay",
    off="0",
)
DROPOUT = Axis(
    name="dropout",
    help="Share of values dropped after each hidden activation.",
    starter="dropout = [0, 0.2]",
    canonical=partial(_number, what="dropout", below=1.0, example="0.2"),
    own=hidden.dropout,
    feeds="model",
    apply=hidden.with_dropout,
    refusal=hidden.lacks_activations,
    off="0",
)
CLIP = Axis(
    name="clip",
    help="Largest Euclidean length of all gradients together, or none.",
    starter='clip = ["none", 1]',
    canonical=_limit,
    own=lambda case: _spelt(case.training.clip_norm),
    feeds="training",
    into_optimizer="global_clipnorm",
    apply=_training("clip_norm"),
    off="none",
    component="clipping",
)
L2 = Axis(
    name="l2",
    help="Coupled L2 penalty: this times the sum of squared weights joins the loss.",
    starter="l2 = [0, 0.0001]",
    canonical=partial(_number, what="the penalty", example="0.0001"),
    own=lambda case: _spelt(case.training.l2),
    feeds="model",
    apply=_training("l2"),
    off="0",
)
WIDTH = Axis(
    name="width",
    help="Units (filters, in convolutions) of every hidden layer.",
    starter="width = [16, 64]",
    canonical=partial(_whole, what="the width", at_least=1, at_most=16_384, example="64"),
    own=hidden.width,
    feeds="model",
    apply=hidden.with_width,
    refusal=hidden.lacks_layers,
)
DEPTH = Axis(
    name="depth",
    help="How many hidden layers: the last one is repeated, or layers are left out.",
    starter="depth = [1, 2, 4]",
    canonical=partial(_whole, what="the depth", at_least=0, at_most=1_000, example="2"),
    own=hidden.depth,
    feeds="model",
    apply=hidden.with_depth,
    refusal=hidden.is_no_stack,
)

NORM_PLACE = Axis(
    name="norm_place",
    help="Normalisation before the activation, or after it.",
    starter='norm_place = ["before", "after"]',
    canonical=partial(_one_of, what="place", words=("before", "after")),
    own=blocks.norm_place,
    feeds="model",
    apply=blocks.with_norm_place,
    refusal=blocks.lacks_norm_beside_activation,
)
SKIP = Axis(
    name="skip",
    help="Skip connections: none, or identity around every hidden layer as wide as the one before.",
    starter='skip = ["none", "identity"]',
    canonical=partial(_one_of, what="skip connection", words=("none", "identity")),
    own=blocks.skip,
    feeds="model",
    apply=blocks.with_skip,
    refusal=hidden.is_no_stack,
    off="none",
)
AUGMENT = Axis(
    name="augment",
    help="Training examples changed at random: none, shift(pixels=1), noise(stddev=0.1).",
    starter='augment = ["none", "shift"]',
    canonical=_of_kind("augmentations"),
    own=blocks.augment,
    feeds="model",
    apply=blocks.with_augment,
    off="none",
    component="augmentation",
)

WRAP = Axis(
    name="wrap",
    help="What goes around the optimizers: none, cautious, lookahead(k=5) … See `nnbench list wrappers`.",
    starter='wrap = ["none", "cautious"]',
    canonical=partial(choices.wrapper, averages=False),
    own=lambda case: choices.NO_WRAPPER,
    feeds="training",
    around=True,
    off=choices.NO_WRAPPER,
    component="wrapper",
)
AVERAGE = Axis(
    name="average",
    help="The average of the weights that is evaluated and kept: none, ema(decay=0.99), tail, polyak.",
    starter='average = ["none", "ema(decay=0.99)"]',
    canonical=partial(choices.wrapper, averages=True),
    own=lambda case: choices.NO_WRAPPER,
    feeds="training",
    around=True,
    off=choices.NO_WRAPPER,
    component="averaging",
)

TRANSFER = Axis(
    name="transfer",
    help="What is kept of a net that learnt other classes: none, head (all features stay as they are, a new"
    " head is trained), partial (the first half of the layers stays), full (everything goes on learning).",
    starter='transfer = ["none", "head", "full"]',
    canonical=partial(_one_of, what="way of transfer", words=("none", "head", "partial", "full")),
    own=lambda case: "none" if case.transfer is None else str(case.transfer.way),
    feeds="model",
    apply=sections.moved,
    refusal=sections.learns_nothing_first,
)

CLASS_WEIGHT = Axis(
    name="class_weight",
    help="Weights of the classes in the loss: none, or balanced (rare ones count as much as common ones).",
    starter='class_weight = ["none", "balanced"]',
    canonical=partial(_one_of, what="class weight", words=("none", "balanced")),
    own=lambda case: {None: "none", "balanced": "balanced"}.get(case.training.class_weight, OWN),
    feeds="model",
    apply=sections.weighs_classes,
    refusal=sections.has_no_classes,
    off="none",
    component="class weights",
)

# In print order.
AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        *(OPTIMIZER, ACTIVATION, INIT, NORM, SCHEDULE, LEARNING_RATE, BATCH_SIZE),
        *(SCALE, WEIGHT_DECAY, DROPOUT, CLIP, L2, WIDTH, DEPTH),
        *(NORM_PLACE, SKIP, AUGMENT, TRANSFER, WRAP, AVERAGE, CLASS_WEIGHT),
    )
}
PLACEHOLDERS = {axis.placeholder: axis.name for axis in AXES.values() if axis.placeholder is not None}


def own_choices(case: Any) -> dict[str, str]:
    """Return the case's own choice on every axis, in its canonical spelling where it has one."""
    return {name: axis.own(case) for name, axis in AXES.items()}


def applied(case: Any, chosen: Iterable[tuple[str, str]]) -> Any:
    """Return the case as it would be written with these choices, on the axes that rewrite it."""
    rewriting = tuple((name, choice) for name, choice in chosen if AXES[name].apply is not None)
    return _rewritten(case, rewriting) if rewriting else case


@lru_cache(maxsize=1024)
def _rewritten(case: Any, rewriting: tuple[tuple[str, str], ...]) -> Any:
    for name, choice in rewriting:
        apply = AXES[name].apply
        assert apply is not None, name
        case = apply(case, choice)
    return case
