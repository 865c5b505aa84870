"""Nets of image layers learn the same bits on every CPU: registers of 16, 32 and 64 bytes."""

import json
import platform

import pytest

from nnkit.assembly import vector_bytes
from tests.nnkit.child_process import output_of
from tests.nnkit.image_digests import digests

CPUS = {"x86-64": 16, "haswell": 32}


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    return digests()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names CPUs of another kind")
@pytest.mark.parametrize("cpu", CPUS)
def test_code_for_a_lesser_cpu_computes_the_same_bits(cpu: str, expected: dict[str, str]) -> None:
    if vector_bytes() < CPUS[cpu]:
        pytest.skip(f"this machine cannot run code for {cpu}")

    assert json.loads(output_of("-m", "tests.nnkit.image_digests", NUMBA_CPU_NAME=cpu)) == expected


def test_types_and_nets_have_digests_of_their_own(expected: dict[str, str]) -> None:
    assert len(set(expected.values())) == len(expected)
