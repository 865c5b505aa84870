"""The same seed gives the same bits: in every run, thread, process and batch order, on every CPU."""

import json
import platform
import re
import threading

import numpy as np
import pytest

import nnkit
from tests.nnkit.child_process import output_of
from tests.nnkit.determined_runs import digest_of, digests, train
from tests.nnkit.golden_files import assert_golden

# Widest registers in bytes: the strips, tails and masks of the matrix product differ with each.
# Code as wide as this machine's own is what all other tests run: here are those that are narrower.
CPUS = {"x86-64": 16, "haswell": 32}
_IS_X86 = platform.machine() in ("x86_64", "AMD64")
_PROBE = "import nnkit.assembly, sys; sys.stdout.write(str(nnkit.assembly.vector_bytes()))"


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    return digests()


def test_a_second_run_has_the_same_bits(expected: dict[str, str]) -> None:
    assert digests() == expected


def test_the_bits_are_those_of_every_machine_and_release(expected: dict[str, str]) -> None:
    """A change here means that stored trials cannot be repeated: raise NUMERICS_VERSION with it."""
    assert_golden("digests.json", json.dumps(expected, indent=1) + "\n")


def test_another_seed_has_other_bits(expected: dict[str, str]) -> None:
    assert {digest_of(name, seed=8) for name in expected}.isdisjoint(expected.values())


@pytest.mark.parametrize("name", ["single", "double"])
def test_threads_do_not_disturb_each_other(name: str, expected: dict[str, str]) -> None:
    """Four fits at once, two of them alike."""
    found: dict[int, str] = {}
    seeds = (7, 7, 8, 9)

    def work(index: int) -> None:
        found[index] = digest_of(name, seed=seeds[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found[0] == found[1] == expected[name]
    assert len(set(found.values())) == 3


def test_a_fit_does_not_depend_on_models_before_it(expected: dict[str, str]) -> None:
    """Nor on whether something was asked of the model meanwhile."""
    x = np.random.default_rng(0).normal(size=(5, 9))
    model, _ = train("single", epochs=1)
    model.predict(x)
    model.evaluate(x, [0, 1, 2, 0, 1])
    model.loss_and_gradients(x, [0, 1, 2, 0, 1])
    one, _ = train("single", epochs=1)

    assert one.digest() == model.digest()
    assert digest_of("single") == expected["single"]


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_of_the_samples_is_the_seed_s(shuffle: bool) -> None:
    """One linear step per sample: the losses spell the order out."""
    found = []
    for seed in (1, 1, 2):
        model = nnkit.Sequential(
            [nnkit.layers.Dense(1, kernel_initializer="zeros")], input_shape=(1,), seed=seed
        )
        model.compile("sgd(learning_rate=1e-30)", "mean_squared_error")
        targets = np.arange(1.0, 21.0)
        history = model.fit(np.ones((20, 1)), targets, batch_size=1, epochs=2, shuffle=shuffle)
        found.append(np.rint(np.sqrt(history.step_loss)).astype(int).reshape(2, 20))
    first, again, other = found

    assert np.array_equal(first, again)
    assert all(sorted(epoch) == list(range(1, 21)) for epoch in first.tolist())
    assert np.array_equal(first, other) is not shuffle
    assert np.array_equal(first[0], first[1]) is not shuffle


def has_registers_of(cpu: str) -> bool:
    return _IS_X86 and int(output_of("-c", _PROBE)) >= CPUS[cpu]


@pytest.mark.parametrize("cpu", CPUS)
def test_code_for_another_cpu_computes_the_same_bits(cpu: str, expected: dict[str, str]) -> None:
    """Registers of 16 and 32 bytes, with and without fused multiply-add in hardware."""
    if not has_registers_of(cpu):
        pytest.skip(f"this machine cannot run code for {cpu}")
    registers = int(output_of("-c", _PROBE, NUMBA_CPU_NAME=cpu))
    found = json.loads(output_of("-m", "tests.nnkit.determined_runs", NUMBA_CPU_NAME=cpu))

    assert registers == CPUS[cpu]
    assert found == expected


_ASSEMBLY = """
from nnkit.jit import import_numba
from nnkit.kernels.elementwise import map_forward
from nnkit.kernels.scalar import sigmoid
compiled = map_forward.bind(value=sigmoid).callable()
values = import_numba().float32[::1]
compiled.compile((values, values))
print("".join(compiled.inspect_asm().values()))
"""


@pytest.mark.skipif(not _IS_X86, reason="assembly of another processor family")
@pytest.mark.parametrize(
    ("cpu", "widest", "at_a_time"),
    # Without fused multiply-add in hardware, it is called for every value by itself.
    [("cascadelake", "zmm", 4), ("znver5", "zmm", 4), ("haswell", "ymm", 4), ("x86-64", "xmm", 0)],
)
def test_loops_use_the_whole_width_of_the_registers(cpu: str, widest: str, at_a_time: int) -> None:
    """Of Intel's too, where LLVM would keep to half; nothing is run, so that any machine can tell."""
    text = output_of("-c", _ASSEMBLY, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
    found = {width: text.count(f"%{width}") for width in ("xmm", "ymm", "zmm")}

    assert max(width for width, count in found.items() if count) == widest
    assert found[widest] > 50, found
    # The sigmoid divides once: several vectors are worked on at a time.
    assert len(re.findall(rf"divps.*%{widest}", text)) >= at_a_time
