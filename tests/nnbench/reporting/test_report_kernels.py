"""The report of ``nnbench kernels``: it fits, it names its units, its picture shows what stands apart."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import kernel_samples as samples
import pytest
from report_samples import check_golden, strict_json

from nnbench.reporting.blocks import Document, RooflineFigure, Table
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.figures import roofline as roofline_figure
from nnbench.reporting.json import kernels as kernels_json
from nnbench.reporting.render import markdown, text
from nnbench.reporting.views.kernels import document
from nnbench.terminal import printing as present


def narrow(*, with_torch: bool = False) -> Document:
    return document(samples.run(with_torch=with_torch))


def figure() -> RooflineFigure:
    blocks = (block for section in document(samples.run()).sections for block in section.blocks)
    return next(block for block in blocks if isinstance(block, RooflineFigure))


def test_golden_text() -> None:
    """Eighty columns, with a name that goes on below itself."""
    check_golden("kernels_80.txt", text.render(narrow(), width=80))


def test_golden_markdown() -> None:
    """Everything, with torch beside numpy, and the picture."""
    check_golden("kernels.md", markdown.render(document(samples.run(with_torch=True))))


@pytest.mark.parametrize("with_torch", [False, True])
@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_every_line_fits(width: int, with_torch: bool) -> None:
    shown = text.render(narrow(with_torch=with_torch), width=width).splitlines()

    assert [line for line in shown if len(line) > width] == []


def test_a_long_name_is_whole_where_it_is_broken() -> None:
    shown = re.sub(r"\s", "", text.render(narrow(), width=80))

    assert samples.LONG.split("crossentropy")[0] in shown
    assert "crossentropy_gradient" in shown
    assert samples.LONG in markdown.render(document(samples.run()))


def test_the_overview_has_every_family_and_its_middle() -> None:
    """NumPy takes 1.45 and 37 times as long as the two activations: 7.32 by the geometric mean."""
    overview = next(block for block in narrow().sections[0].blocks if isinstance(block, Table))
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in overview.rows}

    assert list(rows) == [
        "matrix products", "convolutions", "pooling", "activations", "losses", "optimizers",
        "gathering and sums", "somewhere_new",
    ]  # fmt: skip
    assert rows["activations"][0] == "2"
    assert rows["activations"][2] == "7.32×"
    assert rows["convolutions"][2] == "—"


def test_a_kernel_without_flop_has_no_rate_and_no_place_in_the_picture() -> None:
    shown = markdown.render(document(samples.run()))

    gather = next(line for line in shown.splitlines() if line.startswith("| gather |"))
    assert " — " in gather
    assert "gather" not in {point.name for point in figure().points}


def test_levels_are_named_where_the_bandwidth_falls() -> None:
    """64 KiB is as fast as 16 KiB, and is not named."""
    lead = text.render(narrow(), width=200).splitlines()[1]

    assert lead.endswith("; a triad moves 400 GB/s in 16 KiB, 150 GB/s in 1 MiB, and 20.0 GB/s from memory.")


def test_json_has_the_promised_keys_and_figures() -> None:
    found = strict_json(present.json_text(kernels_json.as_dict(samples.run())))

    assert found["schema"] == "nnbench.kernels/1"
    assert found["machine"]["peak_gflops"] == pytest.approx(200)
    assert found["machine"]["peak_bytes_s"] == pytest.approx(20e9)
    tanh = next(each for each in found["kernels"] if each["name"] == "tanh")
    assert tanh["shape"] == "32x64"
    assert tanh["ns"] == pytest.approx(437.2)
    assert tanh["ns_quartiles"] == pytest.approx([437.2 * 0.98, 437.2 * 1.03])
    assert tanh["gflops"] == pytest.approx(75_776 / 437.2)
    assert tanh["bytes_s"] == pytest.approx(16_384 / 437.2e-9)
    assert tanh["roofline_share"] == pytest.approx(75_776 / 200e9 / 437.2e-9)
    assert tanh["numpy_ratio"] == pytest.approx(1.45)
    assert tanh["cases"] == ["digits_mlp"]
    conv = next(each for each in found["kernels"] if each["name"] == "conv2d")
    assert conv["numpy_ratio"] is None
    assert conv["torch_ratio"] is None


def test_the_picture_is_the_same_every_time_and_names_what_stands_apart() -> None:
    drawn = figures.svg(figure())

    assert drawn == figures.svg(figure())
    words = {
        "".join(each.itertext()).strip() for each in ET.fromstring(drawn).iter() if each.tag.endswith("text")
    }
    assert {"FLOP per byte", "GFLOP/s", "200 GFLOP/s", "20.0 GB/s, memory", "400 GB/s, 16 KiB"} <= words
    assert {"matrix products", "activations", "losses", "optimizers"} <= words
    assert f"{samples.LONG} 32×10" in words


def test_outliers_are_the_farthest_from_the_ceiling_and_the_fastest() -> None:
    """Each kernel once, at its own extreme: the loss reaches least, the long product most."""
    chosen = [(point.name, point.shape) for point in roofline_figure.outliers(figure())]

    assert chosen[0] == ("triangle", "4x4")
    assert (samples.LONG, "32x10") in chosen
    assert ("dense", "256x784, 784x128") in chosen
    assert len(chosen) == len(set(chosen)) <= 6


def test_names_in_the_picture_do_not_lie_on_one_another() -> None:
    """Kernels at one place: each is named on a side or a line of its own."""
    one = replace(figure().points[0], flops_s=20e9)
    crowd = replace(figure(), points=tuple(replace(one, name=f"kernel_{i}") for i in range(20)))

    drawn = figures.svg(crowd).decode()

    pattern = r'text-anchor: (\w+)[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>kernel_\d+ '
    placed = re.findall(pattern, drawn)
    assert len(placed) >= 3
    assert len(placed) == len(set(placed))


def test_a_run_of_movement_alone_has_no_picture() -> None:
    run = samples.run()
    moving = replace(run, kernels=tuple(each for each in run.kernels if not each.flops))

    blocks = [block for section in document(moving).sections for block in section.blocks]
    assert not any(isinstance(block, RooflineFigure) for block in blocks)
