"""What the shell offers while a command line is written, without a moment's wait."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.cli import main
from nnbench.store import Store
from tests.nnbench import store_samples
from tests.nnkit.child_process import output_of

Offered = Callable[[str], list[str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two runs in its store."""
    monkeypatch.chdir(tmp_path)
    with Store.open(tmp_path / ".nnbench" / "store.sqlite", create=True) as store:
        store.put_run(store_samples.run("20260131-old"))
        store.put_run(store_samples.run("20260201-new"))
    return tmp_path


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Offered:
    """Return a function that completes the last word of a line, as bash asks for it."""

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("_NNBENCH_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        capsys.readouterr()
        assert main([]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("nnbench run iri", ["iris_softmax", "iris", "iris_note"]),
        ("nnbench run iris stand", ["standard"]),
        ("nnbench explain digits_c", ["digits_cnn"]),
        ("nnbench playground iri", ["iris_softmax", "iris", "iris_note"]),
        ("nnbench playground rosen", ["rosenbrock"]),
        ("nnbench run iris --optimizer adag", ["adagrad"]),
        ("nnbench tune iris --optimizer sgd,adag", ["sgd,adagrad"]),
        ("nnbench run iris --activation gelu", ["gelu", "gelu_tanh"]),
        ("nnbench run iris --init he_", ["he_uniform", "he_normal", "he_normal_out"]),
        ("nnbench run iris --norm b", ["batch"]),
        ("nnbench run iris --schedule cosine_d", ["cosine_decay"]),
        ("nnbench run iris --scale s", ["standardize"]),
        ("nnbench report ", ["20260201-new", "20260131-old", "last", "last~1"]),
        ("nnbench compare 20260131-old 202602", ["20260201-new"]),
        ("nnbench compare adam sgd --run last~", ["last~1"]),
        ("nnbench report --store nowhere ", []),
        ("nnbench list optim", ["optimizers"]),
        ("nnbench data import cif", ["cifar10", "cifar10_20k"]),
        ("nnbench show adamw", ["adamw"]),
        ("nnbench export par", ["parquet"]),
        ("nnbench export parquet 202601", ["20260131-old"]),
        ("nnbench init c", ["case", "claim"]),
        ("nnbench run iris --optimizer adam(be", ["adam(beta_1=", "adam(beta_2="]),
        (
            "nnbench run iris --optimizer adam(beta_1=0.9,b",
            ["adam(beta_1=0.9,beta_2=", "adam(beta_1=0.9,bias_correction="],
        ),
        ("nnbench run iris --optimizer sgd(momentum=0.9),adagr", ["sgd(momentum=0.9),adagrad"]),
        ("nnbench run iris --optimizer looka", ["lookahead("]),
        ("nnbench run iris --optimizer lookahead(adagr", ["lookahead(adagrad"]),
        ("nnbench run iris --optimizer lookahead(adam,k", ["lookahead(adam,k="]),
        ("nnbench run iris --optimizer nosuch(", []),
        ("nnbench run iris --activation leaky_relu(", ["leaky_relu(negative_slope="]),
        ("nnbench run iris --dtype float3", ["float32"]),
        ("nnbench run iris --engine p", ["processes"]),
        ("nnbench ablate adamw(weight", ["adamw(weight_decay="]),
        ("nnbench claims B4", ["B4", "B40", "B41", "B42"]),
        ("nnbench schema ", ["case", "subject", "matrix", "claim", "gate"]),
        ("nnbench skill ", ["show", "install"]),
        ("nnbench data wh", ["where"]),
        ("nnbench show adam_a --store nowhere", []),
        ("nnbench show --store nowhere adam_a", ["adam_atan2"]),
    ],
)
def test_names_are_offered_where_they_belong(line: str, names: list[str], offered: Offered) -> None:
    assert sorted(offered(line)) == sorted(names)


def test_runs_are_those_of_the_store_that_the_line_names(folder: Path, offered: Offered) -> None:
    with Store.open(folder / "other" / "store.sqlite", create=True) as store:
        store.put_run(store_samples.run("elsewhere"))

    assert offered("nnbench report --store other else") == ["elsewhere"]


def test_keys_of_the_newest_trials_are_offered_once_one_is_begun(offered: Offered) -> None:
    key = store_samples.key_of(1)

    assert offered(f"nnbench show {key[:12]}") == [key]
    assert offered("nnbench show ")[0] != key


def test_a_store_that_cannot_be_read_offers_nothing(folder: Path, offered: Offered) -> None:
    (folder / "broken.sqlite").write_bytes(b"no store" * 100)

    assert offered("nnbench report --store broken.sqlite ") == []


def test_nothing_that_is_slow_is_imported() -> None:
    program = """
import os, sys
os.environ |= {"_NNBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "nnbench run --optimizer adagr"}
os.environ["COMP_CWORD"] = "3"
from nnbench.cli import main
main([])
print(sorted({"numba", "llvmlite", "matplotlib", "jinja2", "rich", "scipy"} & set(sys.modules)))"""
    assert output_of("-c", program).splitlines() == ["adagrad", "[]"]


def test_runs_are_counted_back_from_the_newest(folder: Path) -> None:
    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        assert [store.run(name).run for name in ("last", "last~0", "last~1")] == [
            "20260201-new",
            "20260201-new",
            "20260131-old",
        ]


@pytest.mark.parametrize("verb", ["report", "show"])
@pytest.mark.parametrize("name", ["last~2", "last~999999999999999999999", "last~", "last~-1", "last~1~1"])
def test_counting_back_has_an_end(verb: str, name: str, nnb: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = nnb(verb, name)

    assert (code, err.count("\n")) == (2, 1)


def test_every_verb_that_takes_a_run_counts_back(nnb: Callable[..., tuple[int, str, str]]) -> None:
    """Two runs of the same trials: neither is better than the other."""
    with Store.open(".nnbench/store.sqlite", create=True) as store:
        store.put_trials([store_samples.trial(0), store_samples.trial(1)])

    assert "20260131-old" in nnb("show", "last~1")[1]
    assert nnb("report", "last~1", "--json")[0] == 0
    code, out, err = nnb("compare", "last~1", "last")
    assert (code, err) == (0, "")
    assert "20260131-old" in out
