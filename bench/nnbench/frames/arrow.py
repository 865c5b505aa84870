"""Columns as an Arrow stream in memory: the C data interface, by which libraries pass tables on uncopied.

Source: Apache Arrow, "The Arrow C data interface", "The Arrow C stream interface" and "The Arrow PyCapsule
interface". A struct lives until its ``release`` was called; who takes it moves the struct's bytes and sets
the ``release`` of what is left to null: so what a struct owns is found by a number in it, not by its address.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = Sequence[Any] | NDArray[Any]

_NULLABLE = 2  # the flag of ArrowSchema
_SUCCESS = 0
_Pointer = ctypes.c_void_p
_Release = ctypes.CFUNCTYPE(None, _Pointer)
_Get = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer)
_LastError = ctypes.CFUNCTYPE(ctypes.c_char_p, _Pointer)


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", _Pointer),
        ("dictionary", _Pointer),
        ("release", _Pointer),
        ("private_data", _Pointer),
    )


class _Array(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", _Pointer),
        ("children", _Pointer),
        ("dictionary", _Pointer),
        ("release", _Pointer),
        ("private_data", _Pointer),
    )


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", _Pointer),
        ("get_next", _Pointer),
        ("get_last_error", _Pointer),
        ("release", _Pointer),
        ("private_data", _Pointer),
    )


@dataclass(slots=True)
class _Table:
    """A stream's columns; the one batch that holds all of them is handed out once."""

    columns: Mapping[str, Values]
    n_rows: int
    is_read: bool = False


# What a struct owns, by the number in its private_data.
_owned: dict[int, Any] = {}
_numbers = count(1)


def stream(columns: Mapping[str, Values], n_rows: int) -> Any:
    """Return a PyCapsule ``"arrow_array_stream"`` of a table; None in a column is null.

    Columns hold texts, truths, whole numbers or reals: ``large_utf8``, ``bool``, ``int64``, ``double``.
    """
    made = _Stream(
        get_schema=_address(_GET_SCHEMA),
        get_next=_address(_GET_NEXT),
        get_last_error=_address(_LAST_ERROR),
        release=_address(_RELEASE_STREAM),
        private_data=_keep(_Table(columns, n_rows)),
    )
    return _capsule(made, b"arrow_array_stream", _DESTROY_STREAM)


def schema(columns: Mapping[str, Values]) -> Any:
    """Return a PyCapsule ``"arrow_schema"`` of a table's columns."""
    made = _Schema()
    _write_schema(columns, ctypes.addressof(made))
    return _capsule(made, b"arrow_schema", _DESTROY_SCHEMA)


# -- what a column is ------------------------------------------------------------------------------------


def _format(values: Values) -> bytes:
    """Return Arrow's letter for the kind of values: text, truth, whole number, real, or nothing at all."""
    if isinstance(values, np.ndarray):
        return {"b": b"b", "i": b"l", "u": b"l", "f": b"g"}[values.dtype.kind]
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return b"n" if len(values) else b"U"  # of no kind, so that it fits a column of any other run
    if kinds == {str}:
        return b"U"
    return b"b" if kinds == {bool} else b"l" if kinds == {int} else b"g"


def _buffers(values: Values) -> tuple[list[bytes | None], int]:
    """Return the buffers of a column, the first of which says what is not null, and how many are null."""
    kind = _format(values)
    if isinstance(values, np.ndarray):
        is_null = np.zeros(len(values), bool)
        filled: Any = values
    else:
        if kind == b"n":
            return [], len(values)
        is_null = np.array([value is None for value in values], bool)
        filled = [("" if kind == b"U" else 0) if value is None else value for value in values]
    n_null = int(is_null.sum())
    valid = np.packbits(~is_null, bitorder="little").tobytes() if n_null else None
    if kind == b"U":
        encoded = [str(value).encode("utf-8", "surrogatepass") for value in filled]
        ends = np.concatenate([[0], np.cumsum([len(one) for one in encoded])]).astype(np.int64)
        return [valid, ends.tobytes(), b"".join(encoded)], n_null
    if kind == b"b":
        return [valid, np.packbits(np.asarray(filled, bool), bitorder="little").tobytes()], n_null
    return [valid, np.asarray(filled, np.int64 if kind == b"l" else np.float64).tobytes()], n_null


# -- structs ---------------------------------------------------------------------------------------------


def _write_schema(columns: Mapping[str, Values], at: int) -> None:
    """Write the schema of a struct with a child for each column to an address."""
    children = [
        _Schema(
            format=_format(values),
            name=name.encode(),
            flags=_NULLABLE,
            release=_address(_RELEASE_SCHEMA),
            private_data=_keep(None),
        )
        for name, values in columns.items()
    ]
    made = _Schema(
        format=b"+s",
        name=b"",
        n_children=len(children),
        release=_address(_RELEASE_SCHEMA),
        **_with_children(children),
    )
    ctypes.memmove(at, ctypes.byref(made), ctypes.sizeof(made))


def _write_array(table: _Table, at: int) -> None:
    """Write the values of a struct with a child for each column to an address."""
    children = [_column(values, table.n_rows) for values in table.columns.values()]
    nothing = (_Pointer * 1)(None)
    made = _Array(
        length=table.n_rows,
        n_buffers=1,
        n_children=len(children),
        buffers=ctypes.addressof(nothing),
        release=_address(_RELEASE_ARRAY),
        **_with_children(children, nothing),
    )
    ctypes.memmove(at, ctypes.byref(made), ctypes.sizeof(made))


def _column(values: Values, n_rows: int) -> _Array:
    held, n_null = _buffers(values)
    # An empty buffer must have an address all the same; only "everything is valid" has none.
    memory = [None if one is None else ctypes.create_string_buffer(one, max(1, len(one))) for one in held]
    places = (_Pointer * len(memory))(*(None if one is None else ctypes.addressof(one) for one in memory))
    return _Array(
        length=n_rows,
        null_count=n_null,
        n_buffers=len(memory),
        buffers=ctypes.addressof(places),
        release=_address(_RELEASE_ARRAY),
        private_data=_keep((memory, places)),
    )


def _with_children(children: Sequence[ctypes.Structure], *others: Any) -> dict[str, Any]:
    places = (_Pointer * len(children))(*map(ctypes.addressof, children))
    return {"children": ctypes.addressof(places), "private_data": _keep((children, places, others))}


def _keep(owned: Any) -> int:
    number = next(_numbers)
    _owned[number] = owned
    return number


def _address(function: Any) -> int | None:
    return ctypes.cast(function, _Pointer).value


# -- calls from whoever reads ----------------------------------------------------------------------------


def _release(kind: Any, at: int) -> None:
    """Let go of what the struct at an address owns, its children included, unless they were moved out."""
    found = kind.from_address(at)
    children = (_Pointer * getattr(found, "n_children", 0)).from_address(found.children or at)
    for child in children:
        if child and (release := kind.from_address(child).release):
            _Release(release)(child)
    _owned.pop(found.private_data, None)
    found.release = None


def _get_schema(at: int, out: int) -> int:
    _write_schema(_owned[_Stream.from_address(at).private_data].columns, out)
    return _SUCCESS


def _get_next(at: int, out: int) -> int:
    table = _owned[_Stream.from_address(at).private_data]
    if table.is_read:
        _Array.from_address(out).release = None  # the end of the stream
    else:
        table.is_read = True
        _write_array(table, out)
    return _SUCCESS


def _last_error(at: int) -> None:
    return None


def _release_stream(at: int) -> None:
    found = _Stream.from_address(at)
    _owned.pop(found.private_data, None)
    found.release = None


_GET_SCHEMA, _GET_NEXT, _LAST_ERROR = _Get(_get_schema), _Get(_get_next), _LastError(_last_error)
_RELEASE_STREAM = _Release(_release_stream)
_RELEASE_SCHEMA, _RELEASE_ARRAY = (_Release(partial(_release, kind)) for kind in (_Schema, _Array))


# -- capsules --------------------------------------------------------------------------------------------

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype, _new_capsule.argtypes = ctypes.py_object, [_Pointer, ctypes.c_char_p, _Pointer]
_in_capsule = ctypes.pythonapi.PyCapsule_GetPointer
_in_capsule.restype, _in_capsule.argtypes = _Pointer, [_Pointer, ctypes.c_char_p]
_structs: dict[int, ctypes.Structure] = {}  # by their address, as long as their capsule


def _capsule(made: ctypes.Structure, name: bytes, destroy: Any) -> Any:
    at = ctypes.addressof(made)
    _structs[at] = made
    # The name is a literal, so that it lives as long as any capsule, as PyCapsule_New asks for.
    return _new_capsule(at, name, _address(destroy))


def _destroyer(kind: Any, name: bytes) -> Any:
    def destroy(capsule: int) -> None:
        at = _in_capsule(capsule, name)
        if release := kind.from_address(at).release:
            _Release(release)(at)
        _structs.pop(at, None)

    return _Release(destroy)


_DESTROY_STREAM = _destroyer(_Stream, b"arrow_array_stream")
_DESTROY_SCHEMA = _destroyer(_Schema, b"arrow_schema")
