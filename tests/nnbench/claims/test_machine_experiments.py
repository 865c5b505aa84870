"""The experiments of perceptrons, pre-training and neighbours, on small arguments."""

import numpy as np
import pytest

from nnbench.studies.claims.experiments import machines, neighbours


def test_gates_are_learnt_as_far_as_a_line_parts_them():
    found = machines.perceptron_on_gates(3, tries=200_000)

    assert found["and_errors"] == found["or_errors"] == 0
    assert found["and_errors_random"] == found["or_errors_random"] == 0
    assert found["xor_errors"] >= 0.25
    # Of the 16 ways to label four corners two are parted by no line, XOR and its reverse: 1 corner is wrong.
    assert found["xor_fewest"] == found["xor_errors_random"] == 0.25


def test_the_best_line_is_found_where_there_is_one():
    corners = machines.CORNERS

    assert machines._fewest_wrong(corners, np.array(machines.GATES["and"])) == 0
    assert machines._fewest_wrong(corners, np.array([0, 1, 1, 0])) == 0.25


def test_a_hidden_layer_solves_xor_and_a_single_unit_does_not():
    assert machines.multilayer_on_xor(0, rates=(0.1,)) == {"errors": 0.0, "solved": 1.0}
    assert machines.multilayer_on_xor(0, units=1, rates=(0.1,))["errors"] >= 0.25


def test_no_gradient_passes_a_step():
    found = machines.gradient_through_step(0)

    assert found["step"] == found["step_difference"] == 0
    assert found["sigmoid"] > 0.01
    assert found["step_head"] > 0.01


def test_linear_layers_are_one_layer():
    assert 0 < machines.depth_without_nonlinearity(0)["difference"] < 1e-14


def test_deep_nets_start_from_the_first_layers_of_one_belief_net():
    """Shallow and briefly: random weights have learnt nothing, those that were pre-trained have."""
    found = machines.deep_nets(0, depths=(2, 4), rates=(0.1,), epochs=10, pretraining_epochs=10)

    assert {len(series) for series in found.values()} == {2}
    assert found["dbn"][0] > 0.8 > 0.7 > found["random"][0]
    assert found == machines.deep_nets(0, depths=(2, 4), rates=(0.1,), epochs=10, pretraining_epochs=10)


def test_predictions_are_judged_and_timed():
    found = neighbours.net_beside_neighbours(0, rates=(0.003,), epochs=10, k=(1, 3))

    assert min(found["net_accuracy"], found["one_accuracy"], found["several_accuracy"]) > 0.9
    assert 0.8 < found["mean_accuracy"] < found["one_accuracy"]
    assert min(found[f"{name}_us"] for name in ("net", "one", "several", "mean")) > 0
    assert found["net_bytes"] == 4 * (64 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10)


@pytest.mark.parametrize("place", ["corners", "between"])
def test_one_template_per_class_guesses_where_a_class_has_two_clusters(place):
    """Both classes have their mean at the same place: the nearest mean is right by chance, one half."""
    found = neighbours.templates_per_class(0, n=400)

    assert found[f"{place}_mean"] == pytest.approx(0.5, abs=0.12)
    assert min(found[f"{place}_net"], found[f"{place}_several"]) > 0.95
    assert found["single_mean"] > 0.95
