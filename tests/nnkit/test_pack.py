"""The kernel pack: object code kept on disk, and what happens when the disk does not keep it."""

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnkit import pack
from nnkit.entries import make_entry
from nnkit.jit import Entry, function_at
from nnkit.kernels.movement import copy
from nnkit.kernels.products import matmul
from nnkit.ops import HEADER_BYTES, ROWS, Operand
from tests.nnkit.child_process import ROOT, output_of, run_python


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own, that has warned of nothing yet."""
    monkeypatch.setenv("NNKIT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(pack, "_warned", set())
    return pack.folder()


def entry() -> Entry:
    """Return a fresh entry, as another process would have it: nothing compiled, nothing loaded."""
    return make_entry("tiny", copy, (Operand("x", "in"), Operand("y", "out")))


def copies(made: Entry) -> bool:
    """Run the entry's machine code: does it copy three numbers?"""
    arena = np.zeros(HEADER_BYTES // 8 + 6)
    arena[HEADER_BYTES // 8 :] = [1, 2, 3, 9, 9, 9]
    arena[:8].view(np.int64)[ROWS] = 3
    arguments = np.array([HEADER_BYTES, -1, HEADER_BYTES + 24, -1])
    function_at(made.address("float64"))(arena.ctypes.data, arguments.ctypes.data)
    return bool(np.array_equal(arena[-3:], [1, 2, 3]))


def test_code_is_kept_and_loaded_without_compiling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not entry().is_ready("float64")
    assert copies(entry())
    monkeypatch.setattr(Entry, "_compile", lambda *_: pytest.fail("compiled again"))

    assert entry().is_ready("float64")
    assert copies(entry())
    assert not entry().is_ready("float32")
    assert [path.name for path in folder.iterdir()] == ["tiny.float64.o"]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "short": lambda content: content[:20],
    "checksum only": lambda content: content[:32],
    "cut": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"\0",
    "one bit": lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:],
    "foreign": lambda content: b"#!/bin/sh\n" * 100,
    "of another kernel": lambda content: content[:32] + b"other\0" + content[40:],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_compiled_again_after_one_warning(kind: str, folder: Path) -> None:
    entry().address("float64")
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[kind](whole))

    with pytest.warns(RuntimeWarning, match="is damaged; compiling that kernel again") as caught:
        assert copies(entry())
    assert len(caught) == 1
    assert copies(entry())
    assert path.read_bytes()[32:60] == whole[32:60]


def test_a_missing_file_is_compiled_again_without_a_word(folder: Path) -> None:
    entry().address("float64")
    shutil.rmtree(folder)

    assert copies(entry())


@pytest.mark.parametrize(
    "obstacle", ["a file where the folder should be", "a folder where the file should be"]
)
def test_a_cache_that_cannot_be_used_is_said_once(obstacle: str, folder: Path) -> None:
    """Neither read nor written, and everything runs."""
    if obstacle.startswith("a file"):
        folder.parent.mkdir(exist_ok=True)
        folder.write_text("in the way")
    else:
        (folder / "tiny.float64.o").mkdir(parents=True)

    with pytest.warns(RuntimeWarning, match=r"the kernel cache .* cannot be read") as caught:
        assert copies(entry()) and copies(entry())  # noqa: PT018
    assert len(caught) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_once(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o500)

    with pytest.warns(RuntimeWarning, match="cannot be written") as caught:
        assert copies(entry())
    folder.chmod(0o700)
    assert len(caught) == 1


def test_a_full_disk_costs_the_next_start_and_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)

    with pytest.warns(RuntimeWarning, match=r"cannot be written \(No space left on device\)"):
        assert copies(entry())
    assert list(folder.iterdir()) == []


def test_tiles_in_a_damaged_file_are_built_again(folder: Path) -> None:
    """Assemblies are kept like entries."""
    functions = pack_of_tiles().ensure("float32")
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.warns(RuntimeWarning, match="is damaged"):
        again = pack_of_tiles().ensure("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = pack_of_tiles().ensure("float32")
    assert list(functions) == list(again) == list(loaded)
    assert all(loaded.values())


def pack_of_tiles() -> Any:
    return type(matmul.TILES)(matmul.TILES.name, matmul.TILES._build)


def test_what_was_left_half_written_is_removed_when_it_is_old(folder: Path) -> None:
    folder.mkdir(parents=True)
    old, young = folder / ".writing-old", folder / ".writing-young"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    pack._tidy.__wrapped__(folder)

    assert [path.name for path in folder.iterdir()] == [".writing-young"]


def test_the_oldest_generations_are_removed_and_nothing_else(folder: Path) -> None:
    (folder.parent / "letters.txt").touch()
    for age in range(20):
        generation = folder.parent / f"{age:024x}"
        generation.mkdir(parents=True)
        (generation / "tiny.float64.o").touch()
        os.utime(generation, (time.time() - age, time.time() - age))
    folder.mkdir()
    pack._tidy.__wrapped__(folder)
    left = sorted(path.name for path in folder.parent.iterdir())

    assert "letters.txt" in left
    assert folder.name in left
    assert [name for name in left if name.startswith("0" * 20)] == [f"{age:024x}" for age in range(15)]


# -- other processes ------------------------------------------------------------------------------------

_RUN = """
import json, sys
import numpy as np
from nnkit import Sequential, layers
model = Sequential([layers.Dense(5, kernel_initializer="ones"), layers.Dense(1)], input_shape=(3,), seed=1)
model.set_parameters({"dense_1/kernel": np.arange(5.0)[:, None]})
model.compile("sgd", "mean_squared_error")
x = np.arange(60.0).reshape(20, 3) / 60
model.fit(x, x[:, :1], epochs=3, batch_size=8)
print(json.dumps([model.digest(), "numba" in sys.modules]))
"""


def test_a_warm_start_needs_no_numba_and_has_the_bits_of_the_cold_one(tmp_path: Path) -> None:
    """Freshly compiled, loaded by llvmlite alone, and with one of the files lost in between."""
    cold = json.loads(output_of("-c", _RUN, NNKIT_CACHE_DIR=tmp_path))
    warm = json.loads(output_of("-W", "error", "-c", _RUN, NNKIT_CACHE_DIR=tmp_path))
    next(tmp_path.rglob("matmul.*.o")).unlink()
    mended = json.loads(output_of("-W", "error", "-c", _RUN, NNKIT_CACHE_DIR=tmp_path))

    assert (cold[1], warm[1], mended[1]) == (True, False, True)
    assert cold[0] == warm[0] == mended[0]


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    code = "from nnkit.layers.shape import COPY; print(COPY.entry.address('float32') > 0)"
    environment = {**os.environ, "NNKIT_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", code]
    both = [subprocess.Popen(command, env=environment, stdout=-1, stderr=-1) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]

    assert outputs == [(f"True{os.linesep}".encode(), b"")] * 2
    assert [path.name for path in tmp_path.rglob("*.o")] == ["copy.float32.o"]
    assert not list(tmp_path.rglob(".writing-*"))


def test_a_warning_does_not_end_the_run(tmp_path: Path) -> None:
    """The whole process, with a file where the cache should be: one line on stderr, and the result."""
    (tmp_path / "cache").touch()
    code = "from nnkit.layers.shape import COPY; print(COPY.entry.address('float32') > 0)"
    done = run_python("-c", code, NNKIT_CACHE_DIR=tmp_path / "cache")

    assert done.stdout.strip() == "True"
    assert done.stderr.count("nnkit: the kernel cache") == 1


def test_an_edited_source_has_another_folder(tmp_path: Path) -> None:
    """So has another CPU; code that was compiled from other sources is never loaded."""
    code = "import nnkit.pack; print(nnkit.pack.folder().name)"
    shutil.copytree(
        ROOT / "nnkit", tmp_path / "nnkit", ignore=shutil.ignore_patterns("__pycache__", "*.csv.gz")
    )
    environment = {"PYTHONPATH": tmp_path, "NNKIT_CACHE_DIR": tmp_path}

    def fingerprint(**more: str) -> str:
        variables = {**os.environ, **{k: str(v) for k, v in environment.items()}, **more}
        done = subprocess.run(
            [sys.executable, "-c", code], env=variables, cwd=tmp_path, capture_output=True, text=True
        )
        return done.stdout.strip() or done.stderr

    before, again = fingerprint(), fingerprint()
    other_cpu = fingerprint(NUMBA_CPU_NAME="x86-64")
    kernel = tmp_path / "nnkit" / "kernels" / "movement.py"
    kernel.write_text(
        kernel.read_text(encoding="utf-8").replace("y[i] += x[i]", "y[i] -= x[i]"), encoding="utf-8"
    )

    assert before == again
    assert len({before, other_cpu, fingerprint()}) == 3
    assert len(before) == 24


def test_symbols_that_a_process_without_numba_lacks_are_found() -> None:
    """Declarations of numba's runtime, but not those on paths that kernels never take."""
    text = """
declare void @numba_do_raise(ptr)
declare i32 @"NRT_adapt_ndarray"(ptr)
declare void @llvm.memcpy(ptr)
define void @numba_defined_here() { ret void }
declare double @numba_xxdot(i8)
"""
    assert pack.unknown_symbols(text) == {"NRT_adapt_ndarray", "numba_xxdot"}
