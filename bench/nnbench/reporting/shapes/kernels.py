"""``nnbench.kernels/1``."""

from typing import Annotated, Literal, TypedDict


class Kernel(TypedDict):
    """One kernel at one shape, on one core."""

    name: Annotated[str, "The kernel."]
    shape: Annotated[str, "Of what it reads: 32x64, 64x10."]
    family: Annotated[str, "The room of nnkit that it is at home in."]
    cases: Annotated[list[str], "The cases that use it so."]
    ns: Annotated[float, "Median time of a call in nanoseconds."]
    ns_quartiles: Annotated[list[float], "Its quartiles."]
    n: Annotated[int, "Rounds."]
    flops: Annotated[int, "Floating-point operations of a call; 0 where none are counted."]
    bytes: Annotated[int, "Bytes read and written; what is changed in place counts twice."]
    working_set_bytes: Annotated[int, "Bytes that it touches."]
    gflops: Annotated[float, "Giga-operations a second."]
    bytes_s: Annotated[float, "Bytes a second."]
    roofline_share: Annotated[float, "The ceiling's time over the measured one: 1 is the ceiling."]
    bound: Annotated[Literal["flops", "bytes"], "Which ceiling that is."]
    numpy_ratio: Annotated[float | None, "NumPy's time over ours, round by round; null: not measured."]
    numpy_ratio_quartiles: Annotated[list[float] | None, "Its quartiles."]
    torch_ratio: Annotated[float | None, "PyTorch's time over ours; null: not measured."]
    torch_ratio_quartiles: Annotated[list[float] | None, "Its quartiles."]


class KernelsDocument(TypedDict):
    """What `kernels --json` prints."""

    schema: Annotated[Literal["nnbench.kernels/1"], "The name and the version of this schema."]
    machine: Annotated[
        dict[str, object],
        "What `nnbench doctor` finds, and: dtype, peak_gflops, peak_bytes_s, bandwidths by working_set_bytes,"
        " the peers' versions, and in words how steady the machine was (noise).",
    ]
    kernels: Annotated[list[Kernel], "Every kernel at every shape."]
