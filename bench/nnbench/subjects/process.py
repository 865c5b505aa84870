"""A process that trains subjects: started, asked, watched, and ended whatever the subject does."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import IO, Any, Literal

from nnbench.subjects.kept import Keep

# One thread, one instruction set, no reordering: two runs on one machine give the same bits.
PINS: Mapping[str, str] = MappingProxyType(
    {
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")},
        **{f"TF_NUM_{place}OP_THREADS": "1" for place in ("INTRA", "INTER")},
        "PYTHONHASHSEED": "0",
        "ATEN_CPU_CAPABILITY": "avx2",
        "XLA_FLAGS": "--xla_cpu_enable_fast_math=false --xla_cpu_multi_thread_eigen=false",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_DETERMINISTIC_OPS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
)

_HARNESS = Path(__file__).with_name("harness.py")
_LOOK_S = 0.1
# A process that was told to end has this long for what it does at exit.
_GRACE_S = 2.0
_TAIL_BYTES, _TAIL_LINES = 8000, 40


@dataclass(frozen=True, slots=True)
class Logged:
    """What a subject logged at one step."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SubjectRun:
    """One training of a subject, however it ended.

    ``digest`` is the hash of all that was logged, and of the weights that were returned; it is empty where
    the training did not finish. ``seconds`` are the subject's own; ``tail`` is the end of what it printed,
    and the traceback if there is one.
    """

    status: Literal["finished", "failed", "timeout"]
    logged: tuple[Logged, ...]
    digest: str
    weights: str | None
    seconds: float
    import_s: float
    error: str | None
    place: str | None
    tail: str
    versions: Mapping[str, str]
    isa: str = ""  # the vectors that its frameworks take the processor to have


@dataclass(frozen=True, slots=True)
class Description:
    """What a subject says of itself: its parameters, and the versions of the frameworks that it imports.

    ``defaults`` are those that are text or numbers, ``needed`` the axes that have none; an ``open`` subject
    takes axes of any name. Where the subject could not be imported, ``error`` says why.
    """

    axes: tuple[str, ...]
    defaults: Mapping[str, str | int | float]
    needed: tuple[str, ...]
    open: bool
    import_s: float
    versions: Mapping[str, str]
    error: str | None
    place: str | None
    tail: str


class _Ended(Exception):
    """The process is gone, or has to go; the text says why."""


class _TimedOut(_Ended):
    pass


class SubjectProcess:
    """One interpreter that trains a subject as often as it is asked; one training at a time.

    It is started on first use, so that imports are paid once, and anew after a crash or a timeout.
    Whatever the subject does is a SubjectRun and never an exception. ``timeout_s`` is for one training, with
    the start and the imports where they are due.
    """

    def __init__(
        self,
        call: str,
        folder: Path,
        *,
        python: str = sys.executable,
        pins: Mapping[str, str] = PINS,
        timeout_s: float | None = None,
    ) -> None:
        self._asked = {"call": call, "folder": str(folder.resolve())}
        self._python = python
        self._pins = pins
        self.timeout_s = timeout_s
        self._channel: _Channel | None = None

    def describe(self, *, stop: threading.Event | None = None) -> Description:
        """Import the subject and return what it says of itself."""
        _, last, tail = self._ask({"ask": "describe"}, stop)
        return Description(
            axes=tuple(last.get("axes", ())),
            defaults=last.get("defaults", {}),
            needed=tuple(last.get("needed", ())),
            open=last.get("open", False),
            import_s=last.get("import_s", 0.0),
            versions=last.get("versions", {}),
            error=last.get("error"),
            place=last.get("place"),
            tail=tail,
        )

    def train(
        self,
        seed: int,
        axes: Mapping[str, str | float | int] | None = None,
        *,
        keep: Keep | None = None,
        stop: threading.Event | None = None,
    ) -> SubjectRun:
        """Train once; ``stop`` ends the training, which has then failed."""
        kept = None if keep is None else {"folder": str(keep.folder.resolve()), "steps": keep.steps}
        started = time.perf_counter()
        logged, last, tail = self._ask({"seed": seed, "axes": dict(axes or {}), "keep": kept}, stop)
        return SubjectRun(
            status=last.get("status", "failed"),
            logged=logged,
            digest=last.get("digest", ""),
            weights=last.get("weights"),
            seconds=last.get("seconds", time.perf_counter() - started),
            import_s=last.get("import_s", 0.0),
            error=last.get("error"),
            place=last.get("place"),
            tail=tail,
            versions=last.get("versions", {}),
            isa=last.get("isa", ""),
        )

    def close(self) -> None:
        """End the process, and what it started."""
        if self._channel is not None:
            self._channel.close(_GRACE_S)
            self._channel = None

    def __del__(self) -> None:
        self.close()  # one that nobody used is not left behind

    def __enter__(self) -> "SubjectProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ask(
        self, request: dict[str, Any], stop: threading.Event | None
    ) -> tuple[tuple[Logged, ...], dict[str, Any], str]:
        """Return what was logged, the last answer, and the end of what was printed."""
        logged: list[Logged] = []
        channel = self._channel
        if channel is not None and channel.is_gone():
            self.close()
            channel = None
        is_over = False
        try:
            if channel is None:
                channel = self._channel = _Channel(self._python, self._asked["folder"], self._pins)
            channel.send({**self._asked, **request})
            deadline = None if self.timeout_s is None else time.monotonic() + self.timeout_s
            while (answer := channel.next_answer(deadline, stop))["event"] == "log":
                logged.append(_logged(answer))
            is_over = True
        except _TimedOut:
            answer = {"status": "timeout", "error": f"no end within {self.timeout_s:g} s"}
        except _Ended as ended:
            answer = {"error": str(ended)}
        finally:
            # Also when the caller is interrupted: a subject must not outlive who asked for it.
            if channel is not None and not is_over:
                channel.close(0.0)
                self._channel = None
        if answer.get("event") == "done":
            answer["status"] = "finished"
        printed = "" if channel is None else channel.tail()
        return tuple(logged), answer, "\n".join(filter(None, (printed, answer.get("traceback"))))


def _logged(answer: dict[str, Any]) -> Logged:
    values = {name: float.fromhex(value) for name, value in answer["values"].items()}
    return Logged(answer["step"], MappingProxyType(values))


class _Channel:
    """A running harness: requests go in, answers come out, and the end of what is printed is kept."""

    def __init__(self, python: str, folder: str, pins: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                [python, str(_HARNESS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **pins},
                start_new_session=True,  # Ctrl-C is ours, and all that it starts can be killed at once
            )
        except OSError as error:
            raise _Ended(f"{python} cannot be started in {folder}: {error.strerror}") from None
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._printed = bytearray()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reader = _start(self._read_answers, self._process.stdout)
        self._printer = _start(self._read_printed, self._process.stderr)

    def send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._printed.clear()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise _Ended(self._how_it_ended()) from None

    def next_answer(self, deadline: float | None, stop: threading.Event | None) -> dict[str, Any]:
        """Wait for an answer; _Ended when there will be none."""
        while True:
            if stop is not None and stop.is_set():
                raise _Ended("stopped")
            if deadline is not None and time.monotonic() > deadline:
                raise _TimedOut
            try:
                line = self._answers.get(timeout=_LOOK_S)
            except Empty:
                # The answers do not end while something that the subject started holds the other side.
                if self._process.poll() is None:
                    continue
                _kill_group(self._process)
                self._reader.join(_LOOK_S)
                line = None if self._answers.empty() else self._answers.get()
            if line is None:
                raise _Ended(self._how_it_ended())
            return _parsed(line)

    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def tail(self) -> str:
        """Return the last lines that were printed."""
        text = bytes(self._printed[-_TAIL_BYTES:]).decode(errors="replace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    def close(self, grace_s: float) -> None:
        """Let the process end by itself where there is time, and kill what is left of it."""
        assert self._process.stdin is not None
        if not grace_s:
            _kill_group(self._process)
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        _kill_group(self._process)
        self._process.wait()
        for thread in (self._reader, self._printer):
            thread.join(1.0)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            return "its process closed the channel that it answers on"
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"

    def _read_answers(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._answers.put(line)
        self._answers.put(None)

    def _read_printed(self, stream: IO[bytes]) -> None:
        while part := os.read(stream.fileno(), 1 << 16):
            self._printed += part
            del self._printed[:-_TAIL_BYTES]


def _start(read: Any, stream: IO[bytes]) -> threading.Thread:
    def run() -> None:
        with stream:
            read(stream)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
        return answer if "event" in answer else _no_answer(line)
    except (ValueError, TypeError):
        return _no_answer(line)


def _no_answer(line: bytes) -> dict[str, Any]:
    raise _Ended(f"something wrote {line[:40]!r} where nnbench's answers are read")


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):  # they are all gone
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
