"""The store: every trial and run that was recorded, in one SQLite file."""

from nnbench.store.problems import MissingStore
from nnbench.store.rows import RunSummary
from nnbench.store.store import DEFAULT_PATH, SETTLED, Store

__all__ = ["DEFAULT_PATH", "SETTLED", "MissingStore", "RunSummary", "Store"]
