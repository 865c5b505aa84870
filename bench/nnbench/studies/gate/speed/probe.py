"""Times calls in a process of its own: started by path in a side's interpreter, which may have no nnbench.

Needs the standard library alone. One request in JSON on standard input, one answer on standard output; the
code that is timed gets neither of them.
"""

import ctypes
import gc
import importlib
import importlib.util
import json
import operator
import os
import platform
import struct
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Answer = dict[str, Any]

_MOST_LOOPS = 1 << 24
_SELF_TEST_LOOPS = 20_000
_SYSCALLS = {"x86_64": 298, "aarch64": 241}  # perf_event_open


def load(module: str, folder: str) -> Any:
    """Import ``package.module``, or the file at ``bench/kernels.py`` in the folder."""
    is_file = module.endswith(".py")
    path = os.path.join(folder, module)
    sys.path.insert(0, os.path.dirname(path) if is_file else folder)
    if not is_file:
        return importlib.import_module(module)
    name = os.path.basename(path)[:-3]
    spec: Any = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, loaded)
    spec.loader.exec_module(loaded)
    return loaded


def find(call: str, folder: str) -> Callable[[], object]:
    """Return the function of a call, its module imported; compiled code is kept for the next process."""
    module, _, name = call.rpartition(":")
    function = operator.attrgetter(name)(load(module, folder))
    if not callable(function):
        raise TypeError(f"{call} is no function but {function!r}"[:200])
    keep_compiled()
    return function  # type: ignore[no-any-return]


def of_numba(name: str) -> list[Any]:
    """Return the objects of a class, ``numba.module.Class``; none where it is not loaded."""
    module, _, kind = name.rpartition(".")
    loaded = sys.modules.get(module)
    kinds = getattr(loaded, kind, ())
    return [each for each in gc.get_objects() if isinstance(each, kinds)] if loaded else []


def keep_compiled() -> None:
    """Let numba keep what it compiles in the folder of this side, whether or not the code asks for it."""
    for dispatcher in of_numba("numba.core.dispatcher.Dispatcher"):
        if type(dispatcher._cache).__name__ == "NullCache":
            with suppress(Exception):  # a function that has no file cannot be kept, and is compiled each time
                dispatcher.enable_caching()


def keep_byte_code_apart(folder: str, place: str) -> None:
    """Write the folder's byte code elsewhere: else one side would find old files, and the other none."""
    external: Any = importlib._bootstrap_external
    usual = external.cache_from_source
    own = os.path.join(os.path.realpath(folder), "")

    def cache_from_source(path: str, *args: Any, **options: Any) -> str:
        sys.pycache_prefix = place if os.path.realpath(path).startswith(own) else None
        return usual(path, *args, **options)  # type: ignore[no-any-return]

    external.cache_from_source = cache_from_source


class Instructions:
    """Counts the instructions of this thread, where the kernel and the machine let it."""

    def __init__(self) -> None:
        self._file = self._open()
        if self._file >= 0 and not self._passes():
            os.close(self._file)
            self._file = -1

    def read(self) -> int | None:
        return None if self._file < 0 else struct.unpack("q", os.read(self._file, 8))[0]

    def _open(self) -> int:
        number = _SYSCALLS.get(platform.machine()) if sys.platform == "linux" else None
        if number is None:
            return -1
        # Hardware, the size, instructions, four unused fields; not in the kernel, nor in the hypervisor.
        attributes = struct.pack("IIQQQQQ", 0, 112, 1, 0, 0, 0, 1 << 5 | 1 << 6).ljust(112, b"\0")
        with suppress(OSError, AttributeError):
            return ctypes.CDLL(None).syscall(number, attributes, 0, -1, -1, 0)  # type: ignore[no-any-return]
        return -1

    def _passes(self) -> bool:
        """Twice the work has to be twice the instructions; some virtual machines count nothing."""
        counts = []
        for n in (_SELF_TEST_LOOPS, 2 * _SELF_TEST_LOOPS):
            before = self.read() or 0
            for _ in range(n):
                pass
            counts.append((self.read() or 0) - before)
        return counts[0] > _SELF_TEST_LOOPS and 1.8 < counts[1] / counts[0] < 2.2


class Stopwatch:
    """Wall time without what others took.

    While this process never gives up the CPU by itself it waits for nothing of its own: whatever its wall
    time is above its CPU time went to other programs or other virtual machines, and its CPU time is the
    measure. Else it is the wall time.
    """

    def __init__(self) -> None:
        self._gave_up = switches()[0]
        self._cpu_s, self._wall_s = time.process_time(), time.perf_counter()

    def read(self) -> tuple[float, float, float]:
        """Return the measure, the wall time and the CPU time since this watch was made."""
        wall_s, cpu_s = time.perf_counter() - self._wall_s, time.process_time() - self._cpu_s
        return wall_s if switches()[0] != self._gave_up else min(wall_s, cpu_s), wall_s, cpu_s


class Timed:
    """A call that is repeated until one sample is long enough to be timed."""

    def __init__(self, function: Callable[[], object], sample_s: float) -> None:
        self._function = function
        watch = Stopwatch()
        function()
        self.first_s = watch.read()[0]
        self.loops = 1
        own_s, _, _ = self._run()
        while own_s < sample_s and self.loops < _MOST_LOOPS:
            grown = 1.2 * sample_s / max(own_s, 1e-9)
            self.loops = min(_MOST_LOOPS, max(self.loops + 1, int(self.loops * min(grown, 10.0))))
            own_s, _, _ = self._run()
        self.samples_s: list[float] = []
        self.wall_s: list[float] = []
        self.cpu_s: list[float] = []
        self.instructions: list[float] = []

    def sample(self, counter: Instructions) -> float:
        """Take one sample and return how long it took."""
        counted = counter.read()
        own_s, wall_s, cpu_s = self._run()
        ended = counter.read()
        if counted is not None and ended is not None:
            self.instructions.append((ended - counted) / self.loops)
        self.samples_s.append(own_s / self.loops)
        self.wall_s.append(wall_s / self.loops)
        self.cpu_s.append(cpu_s / self.loops)
        return wall_s

    def _run(self) -> tuple[float, float, float]:
        """Return the measure, the wall time and the CPU time of one sample."""
        function, calls = self._function, range(self.loops)
        watch = Stopwatch()
        for _ in calls:
            function()
        return watch.read()

    def answer(self) -> Answer:
        return {
            "first_s": self.first_s,
            "loops": self.loops,
            "samples_s": self.samples_s,
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "instructions": min(self.instructions, default=None),
        }


def time_calls(request: Answer) -> Answer:
    """Take samples of all calls in turns, so that a disturbance hits none of them alone."""
    imports: dict[str, float] = {}
    timed: dict[str, Timed] = {}
    answers: dict[str, Answer] = {}
    for call in request["calls"]:
        try:
            watch = Stopwatch()
            function = find(call, request["folder"])
            imports.setdefault(call.rpartition(":")[0], watch.read()[0])
            timed[call] = Timed(function, request["sample_s"])
        except BaseException as error:
            answers[call] = failure(error, request["folder"])
    counter = Instructions()
    taken, stolen_s = switches()[1], _stolen_s(request["cpu"])
    gc.collect()
    gc.disable()
    spent_s = dict.fromkeys(timed, 0.0)
    for turn in range(request["samples"]):
        for call, each in timed.items():
            # A long call is not repeated for ever: three samples tell what is needed.
            if turn < 3 or spent_s[call] < request["most_s"]:
                spent_s[call] += each.sample(counter)
    answers |= {call: each.answer() for call, each in timed.items()}
    return {
        "calls": answers,
        "imports_s": imports,
        "switches": switches()[1] - taken,
        "stolen_s": _stolen_s(request["cpu"]) - stolen_s,
    }


def failure(error: BaseException, folder: str) -> Answer:
    """Return what a call failed with, and the innermost line of the folder's own."""
    text = " ".join(str(error).split())
    own = os.path.join(os.path.realpath(folder), "")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(own)]
    place = [os.path.relpath(frames[-1].filename, own), frames[-1].lineno] if frames else None
    name = type(error).__name__
    return {"error": f"{name}: {text}"[:500] if text else name, "place": place}


def switches() -> tuple[int, int]:
    """Return how often this process gave up the CPU, and how often it was taken from it."""
    try:
        import resource
    except ImportError:  # Windows: every sample may have waited, and counts with its wall time
        return time.perf_counter_ns(), 0
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw, usage.ru_nivcsw


def _stolen_s(cpu: int | None) -> float:
    with suppress(OSError, IndexError, ValueError), open("/proc/stat", encoding="ascii") as file:
        wanted = "cpu" if cpu is None else f"cpu{cpu}"
        return next(int(line.split()[8]) / 100.0 for line in file if line.split()[0] == wanted)
    return 0.0


def serve(answer_to: Callable[[Answer], Answer]) -> None:
    """Read the request, pin this process, and write what the function answers."""
    answers = os.dup(1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Started by path, this folder is where modules are looked for first; they would shadow the project's.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or os.curdir) != here]
    if request["cpu"] is not None and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {request["cpu"]})
    os.chdir(request["folder"])
    keep_byte_code_apart(request["folder"], os.path.join(request["caches"], "byte_code"))
    with os.fdopen(answers, "wb") as stream:
        stream.write(json.dumps(answer_to(request)).encode())


if __name__ == "__main__":
    serve(time_calls)
