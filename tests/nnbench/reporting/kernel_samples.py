"""Kernels made up for the reports: every number is written here or follows from one that is."""

from nnbench.records.kernels import KernelRecord, KernelRun, Spread
from tests.nnbench.reporting.report_samples import ENVIRONMENT

PEAK_FLOPS_S = 200e9
LEVELS = ((16 << 10, 400e9), (64 << 10, 390e9), (1 << 20, 150e9), (192 << 20, 20e9))
POOL = "max_pooling2d_backward_relu"
LONG = "sparse_categorical_crossentropy_gradient"


# name, family, shape, ns, FLOP, bytes, times over ours of numpy and torch
_FIGURES = (
    ("tanh", "elementwise", "32x64", 437.2, 75_776, 16_384, (1.45, 10.8)),
    ("dense", "matmul", "32x64, 64x64", 1458.1, 262_144, 33_024, (4.17, 4.11)),
    ("dense", "matmul", "32x64, 64x10", 512.4, 40_960, 12_072, (7.9, 10.3)),
    ("dense", "matmul", "256x784, 784x128", 271_234.6, 51_380_224, 1_335_808, (1.06, 1.21)),
    ("conv2d", "conv", "64x28x28x1, 3x3x1x8", 48_120.0, 7_225_344, 1_806_656, ()),
    (POOL, "pool", "256x28x28x8 to 256x14x14x8", 61_040.0, 1_605_632, 8_028_160, (102.3, 24.1)),
    ("gather", "movement", "32x64", 404.1, 0, 16_512, (4.57, 8.76)),
    ("relu_backward", "elementwise", "32x64", 65.3, 2048, 24_576, (37.0, 41.3)),
    (LONG, "loss", "32x10", 288.8, 8416, 2704, (44.7, 57.7)),
    ("adam_update", "optimizers", "6570", 722.7, 78_840, 183_960, (15.6, 49.4)),
    ("triangle", "somewhere_new", "4x4", 12.5, 16, 64, (80.0,)),
)


def kernel(
    name: str, family: str, shape: str, ns: float, flops: int, n_bytes: int, ratios: tuple[float, ...]
) -> KernelRecord:
    """Return a record whose quartiles lie 2 % below and 3 % above the median."""
    ceiling_s = max(flops / PEAK_FLOPS_S, n_bytes / LEVELS[0][1])
    is_large = "784" in shape
    return KernelRecord(
        name=name,
        family=family,
        shape=shape,
        cases=("mnist_mlp", "fashion_mnist_mlp", "one_with_a_long_name") if is_large else ("digits_mlp",),
        time_s=spread(1e-9 * ns),
        n=41,
        flops=flops,
        bytes=n_bytes,
        working_set_bytes=n_bytes,
        flops_s=1e9 * flops / ns,
        bytes_s=1e9 * n_bytes / ns,
        roofline_share=ceiling_s / (1e-9 * ns),
        bound="flops" if flops / PEAK_FLOPS_S == ceiling_s else "bytes",
        ratios={peer: spread(ratio) for peer, ratio in zip(("numpy", "torch"), ratios, strict=False)},
    )


def spread(value: float) -> Spread:
    return Spread(value, 0.98 * value, 1.03 * value)


def run(*, with_torch: bool = False) -> KernelRun:
    """Return kernels of every kind: with and without FLOP, with a long name, without a peer."""
    versions = {"numpy": "NumPy 2.4.0, OpenBLAS for Haswell", "torch": "PyTorch 2.13.0"}
    return KernelRun(
        dtype="float32",
        environment=ENVIRONMENT | {"cpu_make": "AMD, family 26, model 2", "code_for": "znver5"},
        peers=versions if with_torch else {"numpy": versions["numpy"]},
        peak_flops_s=PEAK_FLOPS_S,
        levels=LEVELS,
        noise="quiet: the middle half of 1,234 identical works differs by 0.4 %;"
        " 0.1 % of the time went to other programs",
        kernels=tuple(kernel(*figures) for figures in _FIGURES),
    )
