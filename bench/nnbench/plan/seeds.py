"""Seeds as ranges: a billion of them can be counted, and refused, before one is made."""

import re
from collections.abc import Iterable
from itertools import chain, islice

from nnbench.errors import UsageError

MAX_SEED = 2**32 - 1
Ranges = tuple[range, ...]

# More digits than any seed has, and fewer than Python refuses to read.
_SPAN = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?")


def read_seeds(
    asked: int | str | tuple[int, ...], where: str, *, first: int = 0, auto: int | None = None
) -> Ranges:
    """Return the seeds asked for: a number of them from ``first`` on, or a list like ``"1,5-9"``.

    ``auto`` is the number that the word "auto" stands for, where it may be said.
    """
    if isinstance(asked, tuple):
        asked = ",".join(map(str, asked)) + ","
    text = str(asked).strip()
    if auto is not None and text.lower() == "auto":
        return _count(auto, first, where)
    if re.fullmatch(r"[-+]?\d+", text):
        return _count(int(text[:20]), first, where)
    if first:
        raise UsageError(
            f"{where}: a list of seeds and a first seed contradict each other. Give one of them."
        )
    return _merged([_span(piece.strip(), where) for piece in text.removesuffix(",").split(",")])


def n_seeds(seeds: Ranges) -> int:
    return sum(map(len, seeds))


def seeds_between(seeds: Ranges, start: int, stop: int) -> Ranges:
    """Return the seeds at these positions, the first being 0."""
    return _merged([range(seed, seed + 1) for seed in islice(chain(*seeds), start, stop)])


def seeds_among(seeds: Ranges, wanted: Iterable[int]) -> Ranges:
    """Return those of the wanted seeds that are among the seeds."""
    return _merged([range(seed, seed + 1) for seed in wanted if any(seed in span for span in seeds)])


def _count(n: int, first: int, where: str) -> Ranges:
    if n < 1:
        raise UsageError(f"{where}: the number of seeds must be at least 1, found {n}. Try 10.")
    if not 0 <= first <= MAX_SEED:
        raise UsageError(f"{where}: seeds must lie in 0 to {MAX_SEED}, found {first}. Try 0.")
    if first + n - 1 > MAX_SEED:
        raise UsageError(f"{where}: seeds must lie in 0 to {MAX_SEED}, found {first + n - 1}. Ask for fewer.")
    return (range(first, first + n),)


def _span(piece: str, where: str) -> range:
    match = _SPAN.fullmatch(piece)
    if match is None:
        found = repr(piece) if piece else "nothing between two commas"
        raise UsageError(f"{where}: expected a number of seeds, or seeds like 1,5-9; found {found}.")
    low, high = int(match[1]), int(match[2] or match[1])
    if high < low:
        raise UsageError(f"{where}: {piece!r} runs backwards. Write {high}-{low}.")
    if high > MAX_SEED:
        raise UsageError(f"{where}: seeds must lie in 0 to {MAX_SEED}, found {high}.")
    return range(low, high + 1)


def _merged(spans: list[range]) -> Ranges:
    """Return the spans in ascending order and without overlap, so that no seed counts twice."""
    merged: list[range] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return tuple(merged)
