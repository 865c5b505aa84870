"""The first call in a process with empty caches: how long it takes, and what code it runs.

Started by path like `probe`, beside it. Each call runs in a fork of its own behind the import of its module,
so that what it compiles is its alone.

The digest of a call is of everything that can make it faster or slower: for modules of the project the
syntax tree, without lines, comments and docstrings; for every function that numba compiled the machine code,
in place of its Python code; for other modules their bytes; the versions of what is installed.
What a digest cannot know is left to be measured.
"""

import ast
import hashlib
import importlib
import json
import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType
from typing import Any

Answer = dict[str, Any]
Place = tuple[str, int]  # a file and the first line of a function

# A number that counts what was compiled in this process before: part of every symbol's name.
_COUNTED = re.compile(r"B\d+v\d+")


def answer_to(request: Answer) -> Answer:
    """Import one module and try each of its calls."""
    probe: Any = importlib.import_module("nnbench_probe")
    folder = request["folder"]
    watch = probe.Stopwatch()
    try:
        probe.load(request["calls"][0].rpartition(":")[0], folder)
    except BaseException as error:
        return {"calls": dict.fromkeys(request["calls"], probe.failure(error, folder))}
    import_s = watch.read()[0]
    calls = {call: _apart(probe, call, folder) for call in request["calls"]}
    return {"import_s": import_s, "calls": calls, "facts": _facts()}


def _apart(probe: Any, call: str, folder: str) -> Answer:
    if not hasattr(os, "fork"):
        return _first(probe, call, folder)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        content = json.dumps(_first(probe, call, folder)).encode()
        with os.fdopen(writing, "wb") as stream:
            stream.write(content)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        content = stream.read()
    _, status = os.waitpid(child, 0)
    died: Answer = {"error": f"its process died with {os.waitstatus_to_exitcode(status)}", "place": None}
    return json.loads(content) if content else died


def _first(probe: Any, call: str, folder: str) -> Answer:
    try:
        function = probe.find(call, folder)
        first_s, again_s = _timed(probe, function), _timed(probe, function)
        digest, kinds = _digest(probe, folder)
    except BaseException as error:
        return probe.failure(error, folder)  # type: ignore[no-any-return]
    return {
        "first_s": first_s,
        "again_s": again_s,
        "digest": digest,
        "compiled": kinds,
        "home": _home(function, folder),
    }


def _timed(probe: Any, function: Any) -> float:
    watch = probe.Stopwatch()
    function()
    return watch.read()[0]  # type: ignore[no-any-return]


def _home(function: Any, folder: str) -> Place | None:
    """Return the file and the line of a function, if it is one of the folder's."""
    code = getattr(getattr(function, "py_func", function), "__code__", None)
    own = os.path.join(os.path.realpath(folder), "")
    if code is None or not os.path.realpath(code.co_filename).startswith(own):
        return None
    return os.path.relpath(os.path.realpath(code.co_filename), own), code.co_firstlineno


def _facts() -> dict[str, str]:
    """Return what has to be the same for times to be comparable."""
    facts = {"Python": sys.version}
    config = getattr(sys.modules.get("numba.core.config"), "CPU_NAME", None)
    if "numba" in sys.modules:
        import llvmlite.binding as llvm

        facts["CPU of compiled code"] = config or str(llvm.get_host_cpu_name())
    return facts


# -- what code runs -------------------------------------------------------------------------------------


def _digest(probe: Any, folder: str) -> tuple[str, int]:
    """Return the digest, and how many compiled functions are in it."""
    machine_code, replaced = _machine_code(probe)
    sha = hashlib.sha256("\n".join(sorted(machine_code)).encode())
    for line in sorted(_modules(os.path.join(os.path.realpath(folder), ""), replaced)):
        sha.update(line.encode() + b"\0")
    for line in _distributions():
        sha.update(line.encode() + b"\0")
    return sha.hexdigest(), len(machine_code)


def _machine_code(probe: Any) -> tuple[list[str], set[Place]]:
    """Return each compiled function's name and machine code, and the places of all functions of this kind."""
    found: list[str] = []
    places: set[Place] = set()
    for each in probe.of_numba("numba.core.dispatcher.Dispatcher"):
        places.add(_place(each.py_func.__code__))
        found += [f"{signature} {_COUNTED.sub('', text)}" for signature, text in each.inspect_asm().items()]
    for each in probe.of_numba("numba.core.ccallback.CFunc"):
        places.add(_place(each._pyfunc.__code__))
        found.append(_COUNTED.sub("", each._library.get_asm_str()))
    # nnkit's kernels are dispatchers once they are compiled, and before that they are not run.
    for each in probe.of_numba("nnkit.jit.Kernel"):
        places.add(_place(each.function.__code__))
    return found, places


def _place(code: CodeType) -> Place:
    return os.path.realpath(code.co_filename), code.co_firstlineno


def _modules(own: str, replaced: set[Place]) -> Iterator[str]:
    """Yield a line for each module that is loaded and does not belong to Python itself."""
    standard = os.path.join(os.path.realpath(sysconfig.get_path("stdlib")), "")
    packages = [os.path.realpath(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")]
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name in ("__main__", "nnbench_probe"):
            continue
        path = os.path.realpath(file)
        is_package = any(path.startswith(os.path.join(each, "")) for each in packages)
        if path.startswith(own) and not is_package and path.endswith(".py"):
            yield f"{name} {_source(path, replaced)}"
        elif is_package or not path.startswith(standard):
            with open(path, "rb") as stream:
                yield f"{name} {hashlib.sha256(stream.read()).hexdigest()}"


def _source(path: str, replaced: set[Place]) -> str:
    with open(path, "rb") as stream:
        tree = Stripped(path, replaced).visit(ast.parse(stream.read(), path))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


class Stripped(ast.NodeTransformer):
    """Empties docstrings, and leaves of compiled functions the names and the defaults of arguments."""

    def __init__(self, path: str, replaced: set[Place]) -> None:
        self._path, self._replaced = path, replaced

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        if (self._path, first) in self._replaced:
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            return ast.Expr(ast.Tuple([ast.Constant(node.name), *defaults], ast.Load()))
        return self._emptied(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._emptied(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._emptied(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._emptied(node)

    def _emptied(self, node: Any) -> ast.AST:
        self.generic_visit(node)
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
            del node.body[0]
        return node  # type: ignore[no-any-return]


def _distributions() -> list[str]:
    from importlib.metadata import distributions

    return sorted(f"{each.metadata['Name']} {each.version}" for each in distributions())


if __name__ == "__main__":
    # Loaded under a name that no project has, and before this folder leaves the path.
    import importlib.util

    spec: Any = importlib.util.spec_from_file_location(
        "nnbench_probe", os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.py")
    )
    sys.modules["nnbench_probe"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["nnbench_probe"])
    sys.modules["nnbench_probe"].serve(answer_to)
