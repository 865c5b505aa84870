"""Keras's ``Sequential`` by its configuration, the JSON of ``model.to_json()``. Keras is not needed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnbench.errors import UsageError
from nnbench.starters.model import Given, Model, whole
from nnkit import activations, losses, optimizers
from nnkit.registry import spell_choice

# Of every layer, and without an effect on what it computes.
_IGNORED = (
    *("name", "dtype", "seed", "batch_input_shape", "batch_shape", "sparse", "ragged", "optional"),
    *("quantization_config", "input_dim"),
)
_INITIALIZERS = {
    "Zeros": "zeros", "Ones": "ones", "Constant": "constant", "RandomUniform": "random_uniform",
    "RandomNormal": "random_normal", "TruncatedNormal": "truncated_normal", "GlorotUniform": "glorot_uniform",
    "GlorotNormal": "glorot_normal", "HeUniform": "he_uniform", "HeNormal": "he_normal",
    "LecunUniform": "lecun_uniform", "LecunNormal": "lecun_normal", "Orthogonal": "orthogonal",
    "OrthogonalInitializer": "orthogonal",
}  # fmt: skip
_SCALED = {(1.0, "fan_avg"): "glorot", (2.0, "fan_in"): "he", (1.0, "fan_in"): "lecun"}
_DRAWN = {"uniform": "uniform", "normal": "normal", "truncated_normal": "normal"}
_KNOWN_LOSSES = {name for one in losses.records() for name in (one.name, *one.aliases)}
_OF_LABELS = {"categorical_crossentropy": "sparse_categorical_crossentropy"}
_OF_EVERY_OPTIMIZER = (
    "name",
    "jit_compile",
    "is_legacy_optimizer",
    "ema_momentum",
    "ema_overwrite_frequency",
)


def read_keras(content: object, where: str) -> Model:
    """Return the model of a configuration, or raise UsageError with the layer that a case cannot have."""
    table = content if isinstance(content, Mapping) else {}
    if table.get("class_name") != "Sequential":
        found = f"a {table['class_name']} model" if "class_name" in table else "something else"
        raise UsageError(
            f"{where}: expected a Keras Sequential, as model.to_json() writes it, found {found}."
            " Write the layers of the case by hand: nnbench init case."
        )
    model = Model(where)
    try:
        _read_stack(model, table, str(table.get("keras_version", "3")))
        if isinstance(table.get("compile_config"), Mapping):
            _read_compiled(model, table["compile_config"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"{where}: this is no configuration as Keras writes it ({said}).") from error
    return model


def _read_stack(model: Model, table: Mapping[str, Any], version: str) -> None:
    config = table.get("config", {})
    stack = config.get("layers", []) if isinstance(config, Mapping) else config  # a list before Keras 2.2.3
    if isinstance(config, Mapping):
        _note_input(model, {"batch_shape": config.get("build_input_shape")})
    for place, layer in enumerate(stack):
        name, own = layer.get("class_name", "?"), dict(layer.get("config", {}))
        given = Given(f"{model.where}, layer {place}, {name}", own)
        _note_input(model, own)
        if not own.pop("trainable", True):
            raise UsageError(f"{given.where}: trainable is false, and a case trains every layer.")
        if name == "Sequential":
            _read_stack(model, layer, version)
            continue
        if name not in _LAYERS:
            raise UsageError(f"{given.where}: nnkit has no layer of this class. nnbench list layers")
        given.must_be("data_format", "channels_last", None)
        given.ignore(*_IGNORED)
        _LAYERS[name](model, given)
        given.finish()
    if version.startswith("2") and "hard_sigmoid" in str(model.layers):
        raise UsageError(f"{model.where}: hard_sigmoid of Keras {version} has slope 0.2, that of nnkit 1/6.")


def _note_input(model: Model, config: Mapping[str, Any]) -> None:
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape and model.input_shape is None:
        model.input_shape = tuple(shape[1:])


# -- layers -------------------------------------------------------------------------------------------


def _input(model: Model, given: Given) -> None:
    pass


def _dense(model: Model, given: Given) -> None:
    model.add("Dense", units=int(given.take("units")), **_weights(given))
    _activate(model, given)


def _convolution(kind: str) -> Callable[[Model, Given], None]:
    def read(model: Model, given: Given) -> None:
        kernel, dilation = given.take("kernel_size"), given.take("dilation_rate", 1)
        padding = given.take("padding", "valid")
        if padding == "causal":
            padding = [whole(dilation) * (whole(kernel) - 1), 0]
        model.add(
            kind,
            filters=int(given.take("filters")),
            kernel_size=whole(kernel),
            strides=whole(given.take("strides", 1)),
            padding=padding,
            dilation_rate=whole(dilation),
            groups=given.take("groups", 1),
            **_weights(given),
        )
        _activate(model, given)

    return read


def _weights(given: Given) -> dict[str, Any]:
    """Return the arguments that layers with a kernel share."""
    kernel = _initializer(given, "kernel_initializer", "glorot_uniform")
    bias = _initializer(given, "bias_initializer", "zeros")
    penalty = given.take("kernel_regularizer", {})
    strengths = penalty.get("config", {}) if penalty.get("class_name") in ("L1", "L2", "L1L2") else None
    if penalty and strengths is None:
        given.refuse("kernel_regularizer", penalty)
    made = {"l1": 0.0, "l2": 0.0, **(strengths or {})}
    return {
        "use_bias": given.take("use_bias", True),
        "kernel_initializer": kernel,
        "bias_initializer": bias,
        "kernel_l1": _short_number(made["l1"]),
        "kernel_l2": _short_number(made["l2"]),
    }


def _initializer(given: Given, name: str, default: str) -> str:
    found = given.take(name, default)
    if isinstance(found, str):
        named = _INITIALIZERS.get(found, found)
        if named not in _INITIALIZERS.values():
            given.refuse(name, found)
        return named
    kind, config = found.get("class_name"), found.get("config", {})
    if kind == "VarianceScaling":
        scaled = _SCALED.get((config.get("scale"), config.get("mode")))
        drawn = _DRAWN.get(config.get("distribution"))
        if scaled is not None and drawn is not None:
            return f"{scaled}_{drawn}"
    if kind not in _INITIALIZERS:
        given.refuse(name, found)
    wanted = {"constant": ("value",), "orthogonal": ("gain",)}.get(
        _INITIALIZERS[kind], ("minval", "maxval", "mean", "stddev")
    )
    return spell_choice(_INITIALIZERS[kind], {key: config[key] for key in wanted if key in config})


def _activate(model: Model, given: Given) -> None:
    found = given.take("activation", "linear")
    if isinstance(found, Mapping) and found.get("class_name") in _LAYERS:  # a layer in a function's place
        inner = Given(given.where, dict(found.get("config", {})))
        inner.ignore(*_IGNORED, "trainable")
        _LAYERS[found["class_name"]](model, inner)
        inner.finish()
        return
    while isinstance(found, Mapping):  # a function: {"class_name": "function", "config": "relu"}
        found = found.get("config") or found.get("class_name", "?")
    name = {"hard_swish": "hard_silu", "swish": "silu"}.get(found, found)
    if name in ("softmax", "log_softmax"):
        model.head = "softmax"
    elif name in activations.names():
        model.activate(name)
    else:
        given.refuse("activation", found)


def _relu(model: Model, given: Given) -> None:
    most, slope = given.take("max_value"), given.take("negative_slope", 0.0)
    given.must_be("threshold", 0.0)
    if most not in (None, 6) or (most == 6 and slope):
        given.refuse("max_value", most)
    if slope:
        model.activate("leaky_relu", negative_slope=_short_number(slope))
    else:
        model.activate("relu" if most is None else "relu6")


def _leaky_relu(model: Model, given: Given) -> None:
    slope = given.take("negative_slope", given.take("alpha", 0.3))  # called alpha before Keras 3
    given.ignore("alpha")
    model.activate("leaky_relu", negative_slope=_short_number(slope))


def _elu(model: Model, given: Given) -> None:
    model.activate("elu", alpha=_short_number(given.take("alpha", 1.0)))


def _prelu(model: Model, given: Given) -> None:
    shared = given.take("shared_axes", [])
    if list(shared) not in ([], [1], [1, 2]):
        given.refuse("shared_axes", shared)
    if not shared and model.rank != 1:
        raise UsageError(f"{given.where}: nnkit's PReLU has one slope per channel. Set shared_axes=[1, 2].")
    model.add("PReLU", alpha_initializer=_initializer(given, "alpha_initializer", "zeros"))


def _softmax(model: Model, given: Given) -> None:
    given.must_be("axis", -1, [-1])
    model.head = "softmax"


def _batch_normalization(model: Model, given: Given) -> None:
    _normalize(model, given, "BatchNormalization", momentum=_short_number(given.take("momentum", 0.99)))


def _layer_normalization(model: Model, given: Given) -> None:
    given.must_be("rms_scaling", False)
    _normalize(model, given, "LayerNormalization")


def _normalize(model: Model, given: Given, kind: str, **arguments: Any) -> None:
    axis = given.take("axis", -1)
    axis = axis[0] if isinstance(axis, Sequence) and len(axis) == 1 else axis
    if axis != -1 and axis != model.rank:
        given.refuse("axis", axis)
    for name in ("center", "scale"):
        given.must_be(name, True)
    for name, value in (("gamma_initializer", "ones"), ("beta_initializer", "zeros")):
        if _initializer(given, name, value) != value:
            given.refuse(name, "another")
    given.ignore("moving_mean_initializer", "moving_variance_initializer", "renorm_momentum")
    model.add(kind, epsilon=_short_number(given.take("epsilon", 1e-3)), **arguments)


def _dropout(model: Model, given: Given) -> None:
    model.add("Dropout", rate=_short_number(given.take("rate")))


def _noise(model: Model, given: Given) -> None:
    model.add("GaussianNoise", stddev=_short_number(given.take("stddev")))


def _pooling(kind: str) -> Callable[[Model, Given], None]:
    def read(model: Model, given: Given) -> None:
        size = given.take("pool_size", 2)
        strides, padding = given.take("strides", size), given.take("padding", "valid")
        same = whole(strides) == whole(size)
        model.add(kind, pool_size=whole(size), strides=None if same else whole(strides), padding=padding)

    return read


def _global_pooling(kind: str) -> Callable[[Model, Given], None]:
    def read(model: Model, given: Given) -> None:
        given.must_be("keepdims", False)
        model.add(kind)

    return read


def _flatten(model: Model, given: Given) -> None:
    model.add("Flatten")


def _reshape(model: Model, given: Given) -> None:
    model.add("Reshape", target_shape=[int(size) for size in given.take("target_shape")])


def _rescaling(model: Model, given: Given) -> None:
    scale, offset = given.take("scale"), given.take("offset", 0.0)
    if model.layers or offset or not np.isclose(scale, 1 / 255):
        given.refuse("scale", scale)
    model.scale = "unit"
    model.notes.append('Rescaling(1/255) is scale = "unit" of the data.')


_LAYERS: dict[str, Callable[[Model, Given], None]] = {
    "InputLayer": _input,
    "Dense": _dense,
    **{kind: _convolution(kind) for kind in ("Conv1D", "Conv2D")},
    "Activation": _activate,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "PReLU": _prelu,
    "Softmax": _softmax,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Dropout": _dropout,
    "GaussianNoise": _noise,
    **{f"{kind}Pooling{n}D": _pooling(f"{kind}Pooling{n}D") for kind in ("Max", "Average") for n in (1, 2)},
    **{kind: _global_pooling(kind) for kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D")},
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Rescaling": _rescaling,
}


# -- what the model was compiled with ------------------------------------------------------------------


def _read_compiled(model: Model, compiled: Mapping[str, Any]) -> None:
    if compiled.get("loss"):
        model.loss = _loss(model, compiled["loss"])
    if compiled.get("optimizer") is not None:
        model.optimizer = _optimizer(model, compiled["optimizer"])


def _loss(model: Model, found: Any) -> str:
    """Return the loss as a case spells it; ``from_logits`` is what the model ends in."""
    config = found.get("config") if isinstance(found, Mapping) else found
    if not isinstance(config, Mapping):  # a name, or {"class_name": "function", "config": "mse"}
        config = {"name": config}
    own, name = dict(config), str(config.get("name", "?"))
    named = [one for one in (name, found.get("class_name") if isinstance(found, Mapping) else None) if one]
    record = next((losses.record(one) for one in named if one in _KNOWN_LOSSES), None)
    if record is None:
        raise UsageError(f"{model.where}, loss: nnkit has no {name}. See nnbench list losses.")
    own["ignore_label"] = own.get("ignore_class")
    hypers = {hyper.name: hyper for hyper in record.hyperparameters if hyper.name != "from_logits"}
    given = {key: own[key] for key in hypers if own.get(key) is not None}
    if record.name == "multiclass_hinge":
        given["form"] = "keras"
    if record.name == "categorical_crossentropy":
        model.notes.append("The labels are whole numbers here, and not one-hot: the same loss.")
    chosen = losses.get(_OF_LABELS.get(record.name, record.name), **given)
    return chosen.spelled


def _optimizer(model: Model, found: Any) -> str:
    """Return the optimizer as a case spells it; a schedule of rates is not taken."""
    if isinstance(found, str):
        found = {"class_name": found, "config": {}}
    name, own = str(found.get("class_name", "?")).lower(), dict(found.get("config", {}))
    given = Given(f"{model.where}, optimizer {name}", own)
    if name not in optimizers.names():
        raise UsageError(f"{given.where}: nnkit has none of this name. nnbench list optimizers")
    record = optimizers.record(name)
    known = {hyper.name: hyper.default for hyper in record.hyperparameters}
    if isinstance(own.get("learning_rate"), Mapping):
        schedule = own.pop("learning_rate")
        own["learning_rate"] = schedule.get("config", {}).get("initial_learning_rate")
        model.notes.append(f"The rates of {schedule.get('class_name')} are not taken: choose by --schedule.")
    given.ignore(*_OF_EVERY_OPTIMIZER)
    taken = {key: given.take(key) for key in list(own) if key in known}
    given.finish()
    # What Keras does without saying so, as where Adam's epsilon stands.
    keras = {
        key: value for one in record.variants if one.name == "Keras" for key, value in one.options.items()
    }
    chosen = {**keras, **{key: _short_number(value) for key, value in taken.items() if value is not None}}
    return spell_choice(name, {key: value for key, value in chosen.items() if value != known[key]})


def _short_number(value: Any) -> Any:
    """Return a number as it was written: Keras keeps some as the nearest float32."""
    if not isinstance(value, float):
        return value
    short = float(str(np.float32(value)))
    return short if np.float32(value) == value else value
