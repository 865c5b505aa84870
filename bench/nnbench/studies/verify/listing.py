"""What counts as a layer."""

import re

from nnbench.studies.verify.check import Check
from nnkit import Sequential, layers
from nnkit.compiler import explain
from nnkit.training.summary import summarize


def _named_in(text: str) -> str:
    """Return ``2-layer net`` where a text says so."""
    found = re.search(r"\d+-layer net", text)
    return found[0] if found else "none"


def _net() -> Sequential:
    return Sequential([layers.Dense(100, activation="relu"), layers.Dense(10)], input_shape=(3072,))


def _in_listing() -> str:
    return _named_in(explain.render(_net().program()))


def _in_summary() -> str:
    net = _net()
    return _named_in(summarize(net.layers, net.program()))


CHECKS = (
    Check(
        "X26.a",
        "L4",
        "3072-100-10: only layers with weights count; the listing",
        "3072-100-10: 가중치가 있는 것만 층으로 센다; 프로그램 목록",
        "2-layer net",
        _in_listing,
    ),
    Check("X26.b", "L4", "the same in summary()", "summary()에서도 같다", "2-layer net", _in_summary),
)
