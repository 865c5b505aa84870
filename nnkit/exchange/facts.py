"""What files for others say of the model in them, beside its weights."""

from collections.abc import Mapping
from importlib import import_module

from nnkit.errors import InvalidArgument


def described(digest: str, more: Mapping[str, str] | None) -> dict[str, str]:
    """Return version and digest with what the user adds: texts by name."""
    given = {} if more is None else more
    if not isinstance(given, Mapping) or not all(
        isinstance(text, str) for item in given.items() for text in item
    ):
        raise InvalidArgument(f"export: metadata must be texts by name, found {more!r}.")
    # By name: the package at the top imports all rooms, and no room imports it.
    return {"nnkit": import_module("nnkit").__version__, "digest": digest, **given}
