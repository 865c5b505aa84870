"""What ``nnbench kernels`` leaves behind: plain data, which the reports read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class KernelRecord:
    """One kernel at one shape. FLOP are 0 where the kernel's record counts none."""

    name: str
    family: str  # the room of nnkit that the kernel is at home in
    shape: str  # of what it reads, e.g. "32x64, 64x10"
    cases: tuple[str, ...]  # the cases that use it
    time_s: Spread
    n: int  # rounds
    flops: int
    bytes: int  # read and written; what is changed in place counts twice
    working_set_bytes: int
    flops_s: float
    bytes_s: float
    roofline_share: float  # the ceiling's time over the measured one
    bound: Literal["flops", "bytes"]  # which ceiling that is
    ratios: Mapping[str, Spread]  # by peer: its time over the kernel's, round by round


@dataclass(frozen=True, slots=True)
class KernelRun:
    """All kernels, and the machine they were measured on: one core of it."""

    dtype: str
    environment: Mapping[str, Any]
    peers: Mapping[str, str]  # name and version, with its matrix library where that is known
    peak_flops_s: float
    levels: tuple[tuple[int, float], ...]  # working set in bytes, bytes per second; the last is memory
    noise: str  # how steady the machine was before, in words
    kernels: tuple[KernelRecord, ...]

    @property
    def peak_bytes_s(self) -> float:
        return self.levels[-1][1]
