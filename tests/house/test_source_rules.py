"""The rules of the house that a machine can check, each with a twin that breaks it."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.source_files import PACKAGES, ROOT, definitions, dotted, files, place, tree

SHIPPED = files(*PACKAGES)
_MOST_LINES, _MOST_STATEMENT_LINES, _SPEAKS_FOR_ITSELF = 400, 70, 10
_FORBIDDEN_MODULES = re.compile(r"utils?|commons?|helpers?|managers?|misc|tools?|stuff")
# What may be asked of numpy.random: generators that are passed on, and their types.
_RANDOM = {"default_rng", "Generator", "RandomState", "SeedSequence", "Philox", "PCG64", "BitGenerator"}
_DANGEROUS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
# Entries are generated from the records of their ops; a plug-in's file is the user's own program.
_MAY_EXECUTE = {"nnkit/entries.py", "bench/nnbench/cases/plugins.py"}
# A subject is the user's own program, and may draw from the hidden state: it is seeded before each training.
_MAY_SEED = {"bench/nnbench/subjects/harness.py"}


def global_random(node: ast.AST) -> bool:
    """True for numpy's (or Python's) hidden random state: another import would change the results."""
    if isinstance(node, ast.ImportFrom) and node.module == "random":
        return True
    if not isinstance(node, ast.Attribute):
        return False
    parts = dotted(node).split(".")
    is_numpys = parts[:2] in (["np", "random"], ["numpy", "random"]) and len(parts) == 3
    return (is_numpys and parts[2] not in _RANDOM) or (len(parts) == 2 and parts[0] == "random")


def loosened_arithmetic(node: ast.AST) -> bool:
    """True for fastmath and parallel: both let sums be taken in any order."""
    return isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel")


def code_from_data(node: ast.AST) -> bool:
    """True for what runs code that a file brings: pickles, eval, exec."""
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in _DANGEROUS for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in _DANGEROUS
    if isinstance(node, ast.keyword):
        allowed = isinstance(node.value, ast.Constant) and node.value.value is False
        return node.arg == "allow_pickle" and not allowed
    return isinstance(node, ast.Call) and dotted(node.func) in ("eval", "exec")


def bare_except(node: ast.AST) -> bool:
    """True where an error, a Ctrl-C included, is swallowed without a name."""
    return isinstance(node, ast.ExceptHandler) and node.type is None


RULES = [global_random, loosened_arithmetic, code_from_data, bare_except]


def broken_by(rule: object, path: Path) -> list[str]:
    return [place(path, node) for node in ast.walk(tree(path)) if rule(node)]  # type: ignore[operator]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_shipped_file_breaks_it(rule: object) -> None:
    allowed = {code_from_data: _MAY_EXECUTE, global_random: _MAY_SEED}.get(rule, set())
    paths = [path for path in SHIPPED if place(path) not in allowed]

    found = [found for path in paths for found in broken_by(rule, path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (global_random, "x = np.random.normal(size=3)"),
        (global_random, "np.random.seed(0)"),
        (global_random, "random.shuffle(x)"),
        (loosened_arithmetic, "njit(fastmath=True)(f)"),
        (loosened_arithmetic, "njit(parallel=True)(f)"),
        (code_from_data, "import pickle"),
        (code_from_data, "from marshal import loads"),
        (code_from_data, "np.load(path, allow_pickle=True)"),
        (code_from_data, "eval(text)"),
        (bare_except, "try:\n    f()\nexcept:\n    pass"),
    ],
)
def test_the_rule_rejects_its_twin(rule: object, line: str) -> None:
    assert any(rule(node) for node in ast.walk(ast.parse(line)))  # type: ignore[operator]


@pytest.mark.parametrize(
    "line", ["rng = np.random.default_rng(3)", "x = rng.normal(size=3)", "np.load(path, allow_pickle=False)"]
)
def test_the_rules_allow_what_is_right(line: str) -> None:
    assert not [rule for rule in RULES for node in ast.walk(ast.parse(line)) if rule(node)]


def read_clock(node: ast.AST) -> bool:
    """True for what measures or waits: on a busy machine such a test fails for no fault."""
    clocks = ("time.perf_counter", "time.monotonic", "time.process_time", "time.sleep")
    if isinstance(node, ast.ImportFrom):
        return node.module == "time"
    return isinstance(node, ast.Attribute) and dotted(node) in clocks


def test_no_test_reads_a_clock_or_sleeps() -> None:
    """But the one that waits for others; times are measured in bench/suites."""
    paths = [path for path in files("tests") if place(path) != "tests/waiting.py"]

    found = [found for path in paths for found in broken_by(read_clock, path)]
    assert not found, "\n".join(found)
    assert read_clock(ast.parse("time.sleep(1)").body[0].value.func)  # type: ignore[attr-defined]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SHIPPED}

    assert not (long := {path: n for path, n in lengths.items() if n > _MOST_LINES}), long


def test_no_function_is_longer_than_seventy_lines() -> None:
    """Its statements, that is: a command's options stand in its signature."""
    lengths = {
        f"{place(path)} {name}": (node.end_lineno or 0) - node.body[0].lineno + 1
        for path in SHIPPED
        for node, name, _ in definitions(path)
        if isinstance(node, ast.FunctionDef)
    }

    assert not (long := {name: n for name, n in lengths.items() if n > _MOST_STATEMENT_LINES}), long


def test_modules_are_named_for_what_is_in_them() -> None:
    paths = [path.relative_to(ROOT).with_suffix("") for path in [*SHIPPED, *files("tests", "bench/suites")]]
    found = [str(path) for path in paths if any(_FORBIDDEN_MODULES.fullmatch(part) for part in path.parts)]

    assert not found, found


def test_every_module_and_every_public_class_says_what_it_is() -> None:
    """Or is nothing but fields, or a kind of something that says it."""
    modules = [place(path) for path in SHIPPED if not ast.get_docstring(tree(path))]
    classes = [
        f"{place(path)} {name}"
        for path in SHIPPED
        for node, name, _ in definitions(path)
        if isinstance(node, ast.ClassDef)
        and is_public(name)
        and not (ast.get_docstring(node) or node.bases or is_all_fields(node))
    ]

    assert not modules + classes, "\n".join(modules + classes)


def test_every_public_function_that_does_not_speak_for_itself_says_what_it_does() -> None:
    """More than ten lines, more than one return, and not declared and documented elsewhere."""
    documented = {
        node.name
        for path in SHIPPED
        for node, _, owner in definitions(path)
        if owner is not None and ast.get_docstring(node)
    }
    silent = [
        f"{place(path)} {name}"
        for path in SHIPPED
        for node, name, owner in definitions(path)
        if isinstance(node, ast.FunctionDef)
        and is_public(name)
        and not ast.get_docstring(node)
        and not (owner is not None and node.name in documented)
        and (node.end_lineno or 0) - node.body[0].lineno + 1 > _SPEAKS_FOR_ITSELF
        and not isinstance(node.body[0], ast.Return)
    ]

    assert not silent, "\n".join(silent)


def is_all_fields(node: ast.ClassDef) -> bool:
    return all(
        isinstance(part, ast.AnnAssign) or (isinstance(part, ast.FunctionDef) and part.name.startswith("__"))
        for part in node.body
    )


def is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def test_no_document_tells_to_install_what_belongs_to_others() -> None:
    """The names nnbench and nnkit on the package index are not ours; the distribution is nnkit-bench."""
    wrong = re.compile(r"pip install (?:-\S+ )*[\"']?(?:nnbench|nnkit)(?![\w-])")
    documents = [
        *ROOT.glob("*.md"),
        *(ROOT / "reports").rglob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *SHIPPED,
    ]
    found = [place(path) for path in documents if wrong.search(path.read_text(encoding="utf-8"))]

    assert wrong.search(" ".join(("pip", "install", "nnbench")))
    assert not wrong.search("pip install nnkit-bench")
    assert not found, found
