"""nnbench: finds out which optimizer, activation and initialisation to use, and whether a change did harm."""

from typing import Any

__all__ = ["load", "runs"]


def __getattr__(name: str) -> Any:
    """Import what a notebook asks for when it asks: the command line must not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module 'nnbench' has no attribute {name!r}")
    from nnbench.frames import results

    return getattr(results, name)
