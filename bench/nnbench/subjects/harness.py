"""The far side of a subject's process: reads requests, trains the subject, and answers.

This file is started by its path in any interpreter, also one without nnbench, so it imports Python's own
modules only. A request is one line of JSON on standard input::

    {"call": "file.py:train", "folder": "/abs", "seed": 0, "axes": {}, "keep": null}

``"keep": {"folder": "/abs", "steps": 20}`` keeps the weights of the first logs that have some; ``"ask":
"describe"`` asks for the parameters of the function, without a training. An answer is one line of JSON on
what was standard output at the start; what the subject prints goes to standard error::

    {"event": "log", "step": 10, "values": {"val_loss": "0x1.8p+1"}}
    {"event": "done", "digest": ..., "weights": ..., "seconds": ..., "import_s": ..., "versions": {...}}
    {"event": "described", "axes": [...], "defaults": {...}, "needed": [...], "open": bool, "import_s": ...}
    {"event": "error", "error": "ValueError: ...", "place": "file.py:12", "traceback": ...}
"""

from __future__ import annotations

import faulthandler
import hashlib
import importlib
import importlib.util
import inspect
import json
import operator
import os
import platform
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, NamedTuple

Event = dict[str, Any]

_FRAMEWORKS = ("numpy", "torch", "tensorflow", "keras", "jax", "sklearn")
_SEEDERS = {
    "numpy": "random.seed",
    "torch": "manual_seed",
    "tensorflow": "random.set_seed",
    "keras": "utils.set_random_seed",
}


class Frameworks:
    """Pins and seeds a framework when it is imported, and all of them before a training.

    A framework that the subject does not import is not imported; one that it imports inside ``train`` is
    seeded on arrival, or its first trial would draw other numbers than its second.
    """

    def __init__(self) -> None:
        self._seed = 0
        self._looking = False

    def seed(self, seed: int) -> None:
        """Seed Python's generator and those of the frameworks that are there."""
        self._seed = seed
        random.seed(seed)
        for name in _FRAMEWORKS:
            if name in sys.modules:
                self._seed_one(name)

    def versions(self) -> dict[str, str]:
        """Return the version of Python and of each framework that was imported."""
        known = {name: getattr(sys.modules.get(name), "__version__", None) for name in _FRAMEWORKS}
        found = {name: str(version) for name, version in known.items() if version is not None}
        return {"python": platform.python_version(), **found}

    def isa(self) -> str:
        """Return what vectors the frameworks that were imported take this processor to have."""
        core = sys.modules.get("numpy._core._multiarray_umath")
        has, known = getattr(core, "__cpu_features__", {}), getattr(core, "__cpu_dispatch__", [])
        found = [f"numpy {each}" for each in known if has.get(each)][-1:]  # the widest comes last
        if (backends := getattr(sys.modules.get("torch"), "backends", None)) is not None:
            found.append(f"torch {backends.cpu.get_cpu_capability()}")
        if "numba" in sys.modules and "NUMBA_CPU_NAME" in os.environ:
            found.append(f"numba {os.environ['NUMBA_CPU_NAME']}")
        return ", ".join(found)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Let the import system find a framework, and put itself behind its execution."""
        if name not in _FRAMEWORKS or self._looking:
            return None
        self._looking = True
        try:
            spec: Any = importlib.util.find_spec(name)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Arrival(spec.loader, lambda: self._arrive(name))
        return spec

    def _arrive(self, name: str) -> None:
        if name == "torch":
            torch: Any = sys.modules["torch"]
            torch.use_deterministic_algorithms(True)
            torch.set_num_threads(1)
            torch.set_num_interop_threads(1)
        self._seed_one(name)

    def _seed_one(self, name: str) -> None:
        if name in _SEEDERS:
            operator.attrgetter(_SEEDERS[name])(sys.modules[name])(self._seed % 2**32)


class _Arrival:
    """A loader that calls ``then`` after the module has been executed, and else is the one it stands for."""

    def __init__(self, loader: Any, then: Callable[[], None]) -> None:
        self._loader = loader
        self._then = then

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._then()


class Training:
    """One training: what it logs is hashed and answered, and kept where that was asked for."""

    def __init__(self, answer: Callable[[Event], None], keep: dict[str, Any] | None) -> None:
        self._answer = answer
        self._keep = keep or {"steps": 0}
        self._n_kept = 0
        self._sha = hashlib.sha256()
        self._step: int | None = None
        self._lock = threading.Lock()
        self.is_over = False

    def log(self, step: int, weights: Any = None, **values: Any) -> None:
        """Record what was measured at a step; of the weights, if any, the hash."""
        with self._lock:
            if self.is_over:
                raise RuntimeError("log() was called after train() had returned")
            step = self._next(step)
            exact = {name: _number(value, name, step) for name, value in values.items()}
            self._add(f"step {step}")
            for name in sorted(exact):
                self._add(f"{name}={exact[name]}")
            if weights is not None:
                self._add_weights(step, weights)
            self._answer({"event": "log", "step": step, "values": exact})

    def digests(self, returned: Any) -> dict[str, str | None]:
        """Return the digest of all that was logged and returned, and that of the returned weights alone."""
        weights = None
        if returned is not None:
            sha = hashlib.sha256()
            for array in arrays_of(returned):
                array.add_to(sha)
            weights = sha.hexdigest()
            self._add(f"weights={weights}")
        return {"digest": self._sha.hexdigest(), "weights": weights}

    def _next(self, step: int) -> int:
        if not hasattr(step, "__index__"):
            raise TypeError(f"log(): step is a whole number, and not {step!r}")
        number = operator.index(step)
        if self._step is not None and number < self._step:
            raise ValueError(f"log(): step {number} came after step {self._step}; steps do not fall")
        self._step = number
        return number

    def _add(self, text: str) -> None:
        self._sha.update(text.encode() + b"\0")

    def _add_weights(self, step: int, weights: Any) -> None:
        for index, array in enumerate(arrays_of(weights)):
            array.add_to(self._sha)
            if self._n_kept < self._keep["steps"]:
                array.write(self._keep["folder"], step, f"{self._n_kept:04d}-{index:04d}.raw")
        self._n_kept += 1


class Array(NamedTuple):
    """A named array as bytes: what is hashed, and what is kept."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    content: bytes

    def add_to(self, sha: Any) -> None:
        """Hash the name, the type, the shape and the values."""
        sha.update(f"{self.name}\0{self.dtype}\0{self.shape}\0".encode())
        sha.update(self.content)

    def write(self, folder: str, step: int, file: str) -> None:
        """Write the values raw, and one line about them in the folder's index."""
        with open(os.path.join(folder, file), "wb") as raw:
            raw.write(self.content)
        line = {"step": step, "name": self.name, "dtype": self.dtype, "shape": self.shape, "file": file}
        with open(os.path.join(folder, "index.jsonl"), "a", encoding="utf-8") as index_file:
            index_file.write(json.dumps(line) + "\n")


def arrays_of(weights: Any) -> list[Array]:
    """Return the arrays in the order of their names: of a dict, a list, a tree of them, or a model."""
    for reader in ("state_dict", "get_weights"):  # a torch module, a Keras model
        if callable(getattr(weights, reader, None)):
            weights = getattr(weights, reader)()
    return sorted(_array(name, value) for name, value in _leaves(weights, ""))


def _leaves(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
    if callable(getattr(tree, "items", None)):
        branches = [(str(key), value) for key, value in tree.items()]
    elif isinstance(tree, (list, tuple)) and not all(isinstance(value, (int, float)) for value in tree):
        branches = [(f"{index:04d}", value) for index, value in enumerate(tree)]
    else:
        yield name, tree
        return
    for key, value in branches:
        yield from _leaves(value, f"{name}/{key}" if name else key)


def _array(name: str, value: Any) -> Array:
    try:
        numpy: Any = importlib.import_module("numpy")
    except ImportError:
        raise TypeError(f"weights {name!r} cannot be read: this interpreter has no numpy") from None
    if callable(getattr(value, "detach", None)):  # a torch tensor
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    array = numpy.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"weights {name!r}: an array was expected, and {type(value).__name__} was found")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return Array(name, array.dtype.str, array.shape, array.tobytes())


def _number(value: Any, name: str, step: int) -> str:
    """Return a logged number in full, as ``float.hex`` writes it."""
    try:
        if not isinstance(value, (str, bytes)):
            return float(value).hex()
    except (TypeError, ValueError, OverflowError, RuntimeError):
        pass
    raise TypeError(f"log(step={step}): {name} is a number, and {repr(value)[:60]} was found")


def _import(module: str, folder: str) -> Any:
    is_file = module.endswith(".py")
    path = os.path.join(folder, module)
    sys.path.insert(0, os.path.dirname(path) if is_file else folder)
    if not is_file:
        return importlib.import_module(module)
    stem = os.path.basename(path)[:-3]
    name = f"subject_{stem}" if stem in sys.modules else stem
    spec: Any = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    # Before it runs: dataclasses and pickle look a module up by its name.
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def describe(function: Callable[..., Any]) -> Event:
    """Return the axes that a subject takes, those of them that have no default, and if it takes any other."""
    parameters = inspect.signature(function).parameters.values()
    is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    missing = [name for name in ("seed", "log") if not is_open and name not in [p.name for p in named]]
    if missing:
        raise TypeError(f"train(seed, log, ...) was expected, and it does not take {' and '.join(missing)}")
    axes = [p for p in named if p.name not in ("seed", "log")]
    plain = {p.name: p.default for p in axes if isinstance(p.default, (str, int, float))}
    needed = [p.name for p in axes if p.default is p.empty]
    return {"axes": [p.name for p in axes], "defaults": plain, "needed": needed, "open": is_open}


class Harness:
    """Answers requests, one at a time."""

    def __init__(self, answer: Callable[[Event], None]) -> None:
        self._answer = answer
        self._frameworks = Frameworks()
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        sys.meta_path.insert(0, self._frameworks)

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked and answer how it ended, whatever the subject does."""
        try:
            self._answer(self._answer_to(request))
        except BaseException as error:  # SystemExit too: what a subject raises is its result
            self._answer(_error(error, request["folder"]))

    def _answer_to(self, request: dict[str, Any]) -> Event:
        started = time.perf_counter()
        os.chdir(request["folder"])
        function = self._get(request["call"], request["folder"])
        about = {"import_s": time.perf_counter() - started, "versions": self._frameworks.versions()}
        if request.get("ask") == "describe":
            return {"event": "described", **describe(function), **about}
        training = Training(self._answer, request.get("keep"))
        self._frameworks.seed(request["seed"])
        started = time.perf_counter()
        try:
            returned = function(seed=request["seed"], log=training.log, **request.get("axes") or {})
        finally:
            training.is_over = True
        about |= {"seconds": time.perf_counter() - started, "versions": self._frameworks.versions()}
        about["isa"] = self._frameworks.isa()
        return {"event": "done", **training.digests(returned), **about}

    def _get(self, call: str, folder: str) -> Callable[..., Any]:
        if (call, folder) not in self._functions:
            module, _, name = call.rpartition(":")
            found = operator.attrgetter(name)(_import(module, folder))
            if not callable(found):
                raise TypeError(f"{call} is no function but {found!r}"[:200])
            self._functions[call, folder] = found
        return self._functions[call, folder]


def _error(error: BaseException, folder: str) -> Event:
    # Of a SyntaxError the lines before show where it is.
    said = next(each for each in traceback.format_exception_only(type(error), error) if each[0] != " ")
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "event": "error",
        "error": " ".join(said.split())[:1000],
        "place": _place_of(error, folder),
        "traceback": trace[-8000:],
    }


def _place_of(error: BaseException, folder: str) -> str | None:
    """Return the innermost line of the user's own that the error passed through, from the folder."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    frames = [frame for frame in frames if frame[0] != __file__ and not frame[0].startswith("<frozen")]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    own = [frame for frame in frames if frame[0].startswith(os.path.join(folder, ""))]
    for file, line in (own or frames)[-1:]:
        return f"{os.path.relpath(file, folder) if own else file}:{line}"
    return None


class Requests:
    """The lines on standard input. When they end during a training, nobody waits for it: all is killed."""

    def __init__(self, descriptor: int) -> None:
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_training = False
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for line in iter(self._lines.get, None):
            self._is_training = True
            yield json.loads(line)
            self._is_training = False

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)
        if self._is_training:
            is_leader = hasattr(os, "killpg") and os.getpgrp() == os.getpid()
            os.killpg(0, signal.SIGKILL) if is_leader else os._exit(1)


def main() -> None:
    """Take standard input and output for the requests and answers; the subject gets neither."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    # Started by path, its own folder is where modules are looked for first; they would shadow the subject's.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or os.curdir) != here]
    faulthandler.enable()
    harness_id = os.getpid()

    def answer(event: Event) -> None:
        if os.getpid() != harness_id:
            # A fork of the subject that came back here: what it answers would be taken for the subject's.
            os.write(2, f"a forked process ended: {event.get('error', 'it logged')}\n".encode())
            os._exit(1)
        line = json.dumps(event).encode() + b"\n"
        while line:
            line = line[os.write(answers, line) :]

    harness = Harness(answer)
    for request in Requests(requests):
        harness.answer(request)


if __name__ == "__main__":
    main()
