"""JSON that holds every float, and curves as bytes, are exact in both directions."""

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from nnbench.store.encoding import from_json, pack_curves, to_json, unpack_curves
from tests.nnbench.store_samples import json_values, spelled


@settings(deadline=None)
@given(value=json_values)
def test_any_json_value_comes_back_exactly(value: Any) -> None:
    text = to_json(value)

    assert spelled(from_json(text)) == spelled(value)
    assert text.isascii()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, '"inf"'),
        (-math.inf, '"-inf"'),
        (math.nan, '"nan"'),
        ("nan", r'"\\nan"'),
        ("\\inf", r'"\\\\inf"'),
        ("infinite", '"infinite"'),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        ({"a": (1, 2.0, None, True)}, '{"a":[1,2.0,null,true]}'),
    ],
)
def test_the_text_is_the_documented_one(value: Any, text: str) -> None:
    """Other programs read it, so it stays as it is."""
    assert to_json(value) == text


@settings(deadline=None)
@given(value=json_values)
def test_any_json_reader_accepts_the_text(value: Any) -> None:
    """Python's own words NaN and Infinity, which JSON has not, never appear."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    json.loads(to_json(value), parse_constant=refuse)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        to_json({"a": {1, 2}})
    with pytest.raises(AssertionError, match="the names must be text"):
        to_json({1: "one"})


def test_curves_are_little_endian_float32_one_after_the_other() -> None:
    lengths, samples = pack_curves(
        {"b": np.array([1.5, math.inf], np.float32), "a": np.array([-2.0], np.float32)}
    )

    assert lengths == '{"b": 2, "a": 1}'
    assert samples == struct.pack("<3f", 1.5, math.inf, -2.0)


def test_curves_in_strides_are_packed_by_value() -> None:
    """A column of a matrix is no block of memory."""
    column = np.arange(6, dtype=np.float32).reshape(3, 2)[:, 1]

    curves = unpack_curves(*pack_curves({"a": column}))

    assert curves["a"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("lengths", ['{"a": 1}', '{"a": 3}', "{}"])
def test_a_block_of_another_size_is_not_cut_to_fit(lengths: str) -> None:
    with pytest.raises(ValueError, match="their block 2"):
        unpack_curves(lengths, bytes(8))
