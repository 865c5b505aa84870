"""The driver's mode: subnormal numbers are zero inside, and the caller's mode is untouched outside."""

import ctypes
import platform
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import numpy as np
import pytest

import nnkit
from nnkit.execution.trial import Data, Trial
from nnkit.layers import Dense

# glibc's fenv_t: the place of the control word, and the bits that make subnormal numbers zero.
_LAYOUTS = {"x86_64": (28, 1 << 15 | 1 << 6), "aarch64": (0, 1 << 24)}
_TOWARDS_ZERO = {"x86_64": 3 << 13, "aarch64": 3 << 22}
pytestmark = pytest.mark.skipif(
    platform.machine() not in _LAYOUTS or platform.libc_ver()[0] != "glibc",
    reason="the caller's mode is read and set through glibc's fenv_t on x86-64 and 64-bit ARM",
)
TINY = 1e-20  # its square is subnormal in float32
THREADS = 4


def control_word() -> int:
    """Return the mode of this thread, without the flags that operations leave behind."""
    word = struct.unpack_from("<I", _environment(), _LAYOUTS[platform.machine()][0])[0]
    return word & ~0x3F if platform.machine() == "x86_64" else word


def _environment() -> ctypes.Array[ctypes.c_char]:
    found = ctypes.create_string_buffer(64)
    assert ctypes.CDLL(None).fegetenv(found) == 0
    return found


@contextmanager
def mode(bits: int) -> Iterator[None]:
    """Add the bits to the thread's mode for the block."""
    before, changed = _environment(), _environment()
    place = _LAYOUTS[platform.machine()][0]
    struct.pack_into("<I", changed, place, struct.unpack_from("<I", changed, place)[0] | bits)
    libc = ctypes.CDLL(None)
    libc.fesetenv(changed)
    try:
        yield
    finally:
        libc.fesetenv(before)


def tiny_trial(optimizer: str = "sgd") -> Trial:
    """A trial whose one output is the square of `TINY`: its loss is 1e-80 unless that square is flushed."""
    model = nnkit.Sequential([Dense(1)], input_shape=(1,))
    model.compile(optimizer, "mean_squared_error")
    trial = Trial(model.program(batch_size=1), 0)
    trial.region("parameters")[:] = TINY, 0.0
    return trial


def data() -> Data:
    return Data(np.full((1, 1), TINY, np.float32), np.zeros((1, 1), np.float32))


def found_inside() -> list[float]:
    """Return what training, evaluating, predicting and running a batch make of a subnormal product."""
    trial = tiny_trial()
    trial.attach_training(data(), rates=np.ones(1))
    trial.attach_evaluation(data(), every=0)
    loss, _ = trial.evaluate()
    found = [loss, float(trial.predict(data().x)[0, 0]), trial.run_batch(data())]
    trial.region("parameters")[:] = TINY, 0.0
    trial.train(0, 1)
    return [*found, float(trial.step_totals[0, 0])]


def is_zero_outside() -> bool:
    return bool(np.float32(TINY) * np.float32(TINY) == 0.0)


@pytest.mark.parametrize("is_on", [False, True])
def test_every_call_flushes_inside_and_leaves_the_caller_s_mode(is_on: bool) -> None:
    with mode(_LAYOUTS[platform.machine()][1] if is_on else 0):
        before = control_word()
        found = found_inside()
        after, is_zero = control_word(), is_zero_outside()

    assert found == [0.0] * 4
    assert after == before
    assert is_zero is is_on


def test_threads_in_different_modes_find_the_same_and_keep_their_own() -> None:
    """Half of the threads flush by themselves; all are inside at about the same time."""
    together = Barrier(THREADS)

    def work(number: int) -> tuple[list[float], bool, bool]:
        with mode(_LAYOUTS[platform.machine()][1] if number % 2 else 0):
            together.wait()
            before = control_word()
            found = found_inside()
            return found, control_word() == before, is_zero_outside()

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(work, range(THREADS)))

    assert results == [([0.0] * 4, True, bool(number % 2)) for number in range(THREADS)]


def test_the_caller_s_rounding_direction_does_not_reach_the_weights() -> None:
    """Trained by a caller that rounds towards zero, a model has the digest that it has elsewhere."""

    x = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
    models = [nnkit.Sequential([Dense(5, activation="tanh"), Dense(3)], input_shape=(4,)) for _ in range(2)]
    for model, bits in zip(models, (0, _TOWARDS_ZERO[platform.machine()]), strict=True):
        model.compile("adam")
        _ = model.parameters  # the program's constants are made by Python, in the caller's mode
        with mode(bits):
            model.fit(x, np.arange(10) % 3, epochs=3)

    assert models[0].digest() == models[1].digest()
