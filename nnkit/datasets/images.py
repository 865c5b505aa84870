"""Photographs and scans as their authors published them: fetched once, read from the original files.

``data/LICENSES.md`` says who publishes them on which terms, and where their digests are from. Pixels are kept
as they are, whole numbers from 0 to 255.
"""

from functools import partial
from typing import Any

import numpy as np

from nnkit.datasets import remote
from nnkit.datasets.cifar import read_cifar10
from nnkit.datasets.dataset import Arrays, DatasetRecord
from nnkit.datasets.idx import read_idx
from nnkit.datasets.remote import RemoteFile

_N_TRAIN, _N_TEST = 60_000, 10_000  # of MNIST and Fashion-MNIST
_N_PER_BATCH = 10_000  # of CIFAR-10, in five batches for training and one for testing


def _mirrored(folders: tuple[str, ...], *files: tuple[Any, ...]) -> tuple[RemoteFile, ...]:
    """Return files by name, size and SHA-256, and then size and SHA-256 of the content where known."""
    return tuple(
        RemoteFile(name, size_bytes, sha256, tuple(f"{folder}/{name}" for folder in folders), *content)
        for name, size_bytes, sha256, *content in files
    )


_MNIST_FILES = _mirrored(
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "http://yann.lecun.com/exdb/mnist",
    ),
    (
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

_FASHION_FILES = _mirrored(
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    (
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)

_CIFAR10_FILES = _mirrored(
    (
        "https://cave.cs.toronto.edu/kriz",
        "https://www.cs.toronto.edu/~kriz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10",
        "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets",
    ),
    (
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
)


_CIFAR10_20K_FILE = RemoteFile(
    name="cifar10_20k.npz",
    size_bytes=59_349_847,
    sha256="c7bfa00f1e25938f0b1c63748b966051b040a659450f5a1d4204b29eee7d4522",
    mirrors=(),  # cut from the published set by hand; nobody serves it
)


def grey_images(name: str, files: tuple[RemoteFile, ...], n_train: int, n_test: int) -> Arrays:
    """Return images (n, 28, 28, 1) and labels of four IDX files, the training part first."""
    train_images, train_labels, test_images, test_labels = remote.originals(name, files)
    x = [read_idx(train_images, (n_train, 28, 28)), read_idx(test_images, (n_test, 28, 28))]
    y = [read_idx(train_labels, (n_train,)), read_idx(test_labels, (n_test,))]
    return np.concatenate(x)[..., None], np.concatenate(y)


def colour_images(name: str, files: tuple[RemoteFile, ...], n_per_batch: int) -> Arrays:
    """Return images (n, 32, 32, 3) and labels of CIFAR-10's archive, the training part first."""
    (archive,) = remote.originals(name, files)
    return read_cifar10(archive, n_per_batch=n_per_batch)


def part_of_cifar10(name: str, file: RemoteFile, n_train: int, n_test: int) -> Arrays:
    """Return images (n, 32, 32, 3) and labels of an ``.npz`` of both parts, the training part first."""
    (path,) = remote.originals(name, (file,))
    with np.load(path, allow_pickle=False) as parts:
        x = np.concatenate([parts["x_train"], parts["x_test"]])
        y = np.concatenate([parts["y_train"], parts["y_test"]])
    assert x.shape == (n_train + n_test, 32, 32, 3), x.shape
    return x, y


MNIST = DatasetRecord(
    name="mnist",
    summary="Handwritten digits of some 500 writers, 28x28 pixels from 0 to 255.",
    formula="",
    source="LeCun, Bottou, Bengio and Haffner (1998), Proceedings of the IEEE 86(11)",
    licence="CC BY-SA 3.0 (Y. LeCun and C. Cortes); fetched, not redistributed",
    task="classification",
    n_samples=_N_TRAIN + _N_TEST,
    input_shape=(28, 28, 1),
    n_classes=10,
    n_official_train=_N_TRAIN,
    files=_MNIST_FILES,
    build=partial(grey_images, "mnist", _MNIST_FILES, _N_TRAIN, _N_TEST),
)

FASHION_MNIST = DatasetRecord(
    name="fashion_mnist",
    summary="Photographs of ten kinds of clothing, 28x28 pixels from 0 to 255.",
    formula="",
    source="Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747",
    licence="MIT (Zalando SE); fetched, not redistributed",
    task="classification",
    n_samples=_N_TRAIN + _N_TEST,
    input_shape=(28, 28, 1),
    n_classes=10,
    n_official_train=_N_TRAIN,
    files=_FASHION_FILES,
    build=partial(grey_images, "fashion_mnist", _FASHION_FILES, _N_TRAIN, _N_TEST),
)

CIFAR10 = DatasetRecord(
    name="cifar10",
    summary="Colour photographs of ten kinds of animals and vehicles, 32x32 pixels from 0 to 255.",
    formula="",
    source="Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images",
    licence="no licence stated by the authors, who ask to be cited; fetched, not redistributed",
    task="classification",
    n_samples=6 * _N_PER_BATCH,
    input_shape=(32, 32, 3),
    n_classes=10,
    n_official_train=5 * _N_PER_BATCH,
    files=_CIFAR10_FILES,
    build=partial(colour_images, "cifar10", _CIFAR10_FILES, _N_PER_BATCH),
)

CIFAR10_20K = DatasetRecord(
    name="cifar10_20k",
    summary="A part of CIFAR-10, not the archive: its first 20,000 training and first 1,000 test images.",
    formula="",
    source=CIFAR10.source,
    licence="no licence stated by the authors, who ask to be cited; imported from a file of the user's",
    task="classification",
    n_samples=21_000,
    input_shape=(32, 32, 3),
    n_classes=10,
    n_official_train=20_000,
    files=(_CIFAR10_20K_FILE,),
    build=partial(part_of_cifar10, "cifar10_20k", _CIFAR10_20K_FILE, 20_000, 1_000),
)

IMAGES = (MNIST, FASHION_MNIST, CIFAR10, CIFAR10_20K)
