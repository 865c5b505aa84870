"""``nnbench data``: lists, fetches and checks; and what a run says about data that are not there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import catalogue
from nnbench.cli import main
from nnbench.machine.clock import Clock
from nnbench.terminal import transfer
from nnbench.training import data as case_data
from nnbench.training import facts, program
from nnkit import datasets
from nnkit.datasets.remote import RemoteFile
from tests.nnkit.datasets.image_data import stand_in
from tests.nnkit.datasets.mirror import Mirror, dead_url, serving, stay_on_loopback

IDX_FILES = 4


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The data folder, which does not exist yet; the working folder is empty."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    stay_on_loopback(monkeypatch, tmp_path / "data")
    yield tmp_path / "data"
    for cache in (
        datasets._built,
        case_data._prepared,
        case_data._sizes_of,
        program._program,
        facts.cached_facts,
    ):
        cache.cache_clear()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as found:
        yield found


Captured = pytest.CaptureFixture[str]


def document(capsys: Captured) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def states(found: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["state"] for item in found["datasets"]}


def test_the_list_says_what_ships_and_what_must_be_fetched(folder: Path, capsys: Captured) -> None:
    assert main(["data", "--json"]) == 0

    found = document(capsys)
    assert (found["schema"], found["action"], found["folder"]) == ("nnbench.data/1", "list", str(folder))
    assert set(states(found)) == set(datasets.names())
    assert states(found)["iris"] == "ships"
    assert states(found)["moons"] == "generated"
    assert states(found)["cifar10"] == "missing"
    (mnist,) = [item for item in found["datasets"] if item["name"] == "mnist"]
    assert (mnist["size_bytes"], mnist["n_samples"], mnist["input_shape"]) == (
        11_594_722,
        70_000,
        [28, 28, 1],
    )
    assert mnist["files"][0]["path"] == str(folder / "mnist" / "train-images-idx3-ubyte.gz")


def test_the_list_can_be_read(capsys: Captured) -> None:
    assert main(["data", "list", "iris", "mnist"]) == 0

    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(row.startswith("iris ships with nnkit 150 Three species") for row in rows)
    assert any(row.startswith("mnist to be fetched 11.6 MB 70,000 Handwritten") for row in rows)


def test_fetching_says_where_and_a_second_time_that_it_is_here(
    folder: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    stand_in(monkeypatch, "mnist", mirror)

    assert main(["data", "fetch", "mnist"]) == 0
    first = capsys.readouterr()
    assert main(["data", "fetch", "mnist"]) == 0
    second = capsys.readouterr()

    assert first.out.startswith("mnist: fetched, ")
    assert first.out.endswith(f"in {folder / 'mnist'}\n")
    assert second.out.startswith("mnist: already here, ")
    assert (first.err, second.err) == ("", "")
    assert len(mirror.requests) == IDX_FILES
    assert datasets.load("mnist").input_shape == (28, 28, 1)


def test_fetching_several_in_json(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """A name given twice counts once."""
    for name in ("mnist", "cifar10"):
        stand_in(monkeypatch, name, mirror)

    assert main(["data", "fetch", "mnist", "cifar10", "mnist", "--json"]) == 0

    found = document(capsys)
    assert states(found) == {"mnist": "fetched", "cifar10": "fetched"}
    assert [item["n_new"] for item in found["datasets"]] == [IDX_FILES, 1]


def test_an_interrupted_fetch_says_how_to_go_on(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    stand_in(monkeypatch, "cifar10", mirror)
    with monkeypatch.context() as patch:
        patch.setattr(transfer.Lines, "arrived", interrupt)
        assert main(["data", "fetch", "cifar10"]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "nnbench: interrupted: what has arrived is kept, and the same command goes on from here."

    assert main(["data", "fetch", "cifar10"]) == 0


def test_without_a_mirror_one_line_and_exit_code_4(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    with serving() as mirror:
        stand_in(monkeypatch, "mnist", mirror)
    # The mirror is gone now.

    assert main(["data", "fetch", "mnist", "--json"]) == 4

    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("nnbench: mnist: no mirror serves train-images-idx3-ubyte.gz (127.0.0.1:")
    assert line.endswith(f"Try again later, or put the file into {folder / 'mnist'} yourself.")


def test_a_mirror_that_does_not_work_is_told_when_the_next_one_does(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    with serving(status=500) as broken:
        stand_in(monkeypatch, "cifar10", broken, mirror)
        assert main(["data", "fetch", "cifar10"]) == 0
        assert main(["data", "fetch", "cifar10", "--quiet"]) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"nnbench: cifar-10-binary.tar.gz is from 127.0.0.1:{mirror.port}"
        f" (127.0.0.1:{broken.port}: answers 500 Internal Server Error)"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["fetsh"], "nnbench: data: there is no action 'fetsh'. Did you mean 'fetch'?"),
        (["fetch"], "nnbench: data fetch: name at least one dataset: mnist, fashion_mnist, cifar10."),
        (["fetch", "mnits"], "nnbench: no dataset named 'mnits'. Did you mean 'mnist'?"),
        (
            ["fetch", "iris"],
            "nnbench: data fetch: 'iris' needs no fetching. Others do: mnist, fashion_mnist, cifar10.",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], line: str, folder: Path, capsys: Captured
) -> None:
    assert main(["data", *arguments]) == 2

    assert capsys.readouterr().err.splitlines() == [line]
    assert not folder.exists()


def test_where_is_a_line_for_the_shell(folder: Path, capsys: Captured) -> None:
    assert main(["data", "where"]) == 0
    assert main(["data", "where", "cifar10", "mnist"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        str(path) for path in (folder, folder / "cifar10", folder / "mnist")
    ]


def test_check_finds_one_wrong_bit(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """The list goes by sizes and is quick; check reads every byte, and names the command that mends it."""
    stand_in(monkeypatch, "mnist").put_in_place("mnist")
    assert main(["data", "check", "--json"]) == 0
    assert states(document(capsys)) == {"mnist": "fetched"}
    path = folder / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")

    assert main(["data", "list", "mnist", "--json"]) == 0
    assert states(document(capsys)) == {"mnist": "fetched"}
    assert main(["data", "check"]) == 4

    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines() if "damaged" in line] == [
        ["mnist", path.name, "damaged"]
    ]
    assert err == "nnbench: not whole: mnist. Mend it: nnbench data fetch mnist\n"


def test_check_without_anything_fetched(capsys: Captured) -> None:
    assert main(["data", "check"]) == 0
    assert "nothing has been fetched yet" in capsys.readouterr().err
    assert main(["data", "check", "mnist"]) == 4


def test_an_interrupted_fetch_is_listed_as_partly_fetched(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    made = stand_in(monkeypatch, "mnist")
    (folder / "mnist").mkdir(parents=True)
    name, content = next(iter(made.contents.items()))
    (folder / "mnist" / f"{name}.part").write_bytes(content[:100])

    assert main(["data", "list", "mnist", "--json"]) == 0

    assert states(document(capsys)) == {"mnist": "partial"}


@pytest.mark.parametrize("arguments", [["mnist"], ["mnist", "--dry-run"], ["mnist", "--json"], ["m.toml"]])
def test_a_run_without_its_data_names_the_command(
    arguments: list[str], folder: Path, capsys: Captured
) -> None:
    """Before anything else: nothing is compiled, and nothing is written."""
    if arguments[0] == "m.toml":
        Path("m.toml").write_text('cases = ["mnist_mlp"]\n')
    before = sorted(Path.cwd().iterdir())

    assert main(["run", *arguments]) == 4

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"nnbench: dataset 'mnist' is not in {folder}. Fetch 11.6 MB first: nnbench data fetch mnist\n"
    )
    assert sorted(Path.cwd().iterdir()) == before
    assert not folder.exists()


def test_a_run_of_several_cases_names_all_that_is_missing(folder: Path, capsys: Captured) -> None:
    """One command fetches everything; what ships is not in it."""
    assert main(["run", "cifar10", "digits", "mnist", "mnist_cnn"]) == 4

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("Fetch 181.6 MB first: nnbench data fetch cifar10 mnist")


def test_a_misspelt_option_is_found_before_the_data_are_asked_for(capsys: Captured) -> None:
    assert main(["run", "mnist", "--optimizer", "adma"]) == 2
    assert "Did you mean 'adam'?" in capsys.readouterr().err


def test_a_run_on_damaged_data_is_no_mistake_in_the_case(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    stand_in(monkeypatch, "mnist").put_in_place("mnist")
    path = folder / "mnist" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(bytes(path.stat().st_size))

    assert main(["run", "mnist", "--epochs", "1"]) == 4

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nnbench: {path}: this is not the published file")


def test_listing_cases_needs_no_data(capsys: Captured) -> None:
    """And showing one says what has to be fetched."""
    assert main(["list", "cases"]) == 0
    assert "mnist_cnn" in capsys.readouterr().out
    assert main(["show", "cifar10_cnn"]) == 0
    assert "nnbench data fetch cifar10" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("case", "dataset", "n_parameters"),
    [
        ("mnist_mlp", "mnist", 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10),
        ("mnist_cnn", "mnist", 9 * 8 + 8 + 9 * 8 * 16 + 16 + 7 * 7 * 16 * 10 + 10),
        ("fashion_mnist_cnn", "fashion_mnist", 9 * 8 + 8 + 9 * 8 * 16 + 16 + 7 * 7 * 16 * 10 + 10),
        (
            "cifar10_cnn",
            "cifar10",
            27 * 16 + 16 + 9 * 16 * 32 + 32 + 9 * 32 * 64 + 64 + 4 * 4 * 64 * 10 + 10,
        ),
    ],
)
def test_the_models_of_the_cases_fit_their_images(
    case: str, dataset: str, n_parameters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, dataset).put_in_place(dataset)

    assert facts.facts(catalogue.case_named(case)).n_parameters == n_parameters


def test_fetched_images_can_be_learned(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """From the mirror to the verdict: a stroke per class is told apart by nearly every trial."""
    stand_in(monkeypatch, "mnist", mirror)
    assert main(["data", "fetch", "mnist"]) == 0
    capsys.readouterr()
    options = ["--optimizer", "adam", "--epochs", "12", "--batch-size", "32", "--seeds", "2"]

    assert main(["run", "mnist", *options, "--json", "--quiet"]) == 0

    assert [item["final"]["accuracy"] > 0.9 for item in document(capsys)["trials"]] == [True, True]


class _Standing(Clock):
    now_s = 0.0

    def elapsed_s(self) -> float:
        return self.now_s


def test_a_log_gets_a_line_every_few_seconds(capsys: Captured) -> None:
    clock = _Standing()
    lines = transfer.Lines(clock)
    file = RemoteFile("a.gz", 2_000_000, "", (dead_url("a.gz"),))
    for second in range(12):
        clock.now_s = float(second)
        lines.arrived(file, 100_000 * second)

    assert capsys.readouterr().err.splitlines() == [
        "nnbench: a.gz: 0.5 MB of 2.0 MB",
        "nnbench: a.gz: 1.0 MB of 2.0 MB",
    ]


def test_importing_wants_a_folder_and_names_what_is_missing(folder: Path, capsys: Captured) -> None:
    """One clear line for each mistake, and nothing is written."""
    assert main(["data", "import", "mnist"]) == 2
    assert "expected a dataset and a folder, found mnist" in capsys.readouterr().err
    assert main(["data", "import", "iris", "."]) == 2
    assert "needs no fetching" in capsys.readouterr().err
    assert main(["data", "import", "mnist", "."]) == 2
    assert "expected train-images-idx3-ubyte (plain or gzipped)" in capsys.readouterr().err
    assert main(["data", "fetch", "cifar10_20k"]) == 2
    assert "nnbench data import cifar10_20k FOLDER" in capsys.readouterr().err

    assert not folder.exists()
