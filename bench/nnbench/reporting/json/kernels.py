"""The figures of ``nnbench kernels`` as one JSON document; what was not measured is null."""

from typing import Final

from nnbench.records.kernels import KernelRecord, KernelRun, Spread
from nnbench.reporting.shapes.kernels import Kernel, KernelsDocument

SCHEMA: Final = "nnbench.kernels/1"


def as_dict(run: KernelRun) -> KernelsDocument:
    """Return the document. Rates are per second; a ratio is the peer's time over ours."""
    machine = {
        **run.environment,
        "dtype": run.dtype,
        "peak_gflops": run.peak_flops_s / 1e9,
        "peak_bytes_s": run.peak_bytes_s,
        "bandwidths": [{"working_set_bytes": size, "bytes_s": bytes_s} for size, bytes_s in run.levels],
        "peers": dict(run.peers),
        "noise": run.noise,
    }
    return {"schema": SCHEMA, "machine": machine, "kernels": [_kernel(kernel) for kernel in run.kernels]}


def _kernel(kernel: KernelRecord) -> Kernel:
    numpy, torch = kernel.ratios.get("numpy"), kernel.ratios.get("torch")
    time_s = kernel.time_s
    return {
        "name": kernel.name,
        "shape": kernel.shape,
        "family": kernel.family,
        "cases": list(kernel.cases),
        "ns": 1e9 * time_s.median,
        "ns_quartiles": [1e9 * time_s.low, 1e9 * time_s.high],
        "n": kernel.n,
        "flops": kernel.flops,
        "bytes": kernel.bytes,
        "working_set_bytes": kernel.working_set_bytes,
        "gflops": kernel.flops_s / 1e9,
        "bytes_s": kernel.bytes_s,
        "roofline_share": kernel.roofline_share,
        "bound": kernel.bound,
        "numpy_ratio": _median(numpy),
        "numpy_ratio_quartiles": _quartiles(numpy),
        "torch_ratio": _median(torch),
        "torch_ratio_quartiles": _quartiles(torch),
    }


def _median(spread: Spread | None) -> float | None:
    return None if spread is None else spread.median


def _quartiles(spread: Spread | None) -> list[float] | None:
    return None if spread is None else [spread.low, spread.high]
