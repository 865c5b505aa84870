"""The store: every trial and run that was recorded, in one SQLite file."""

from nnbench.store.problems import MissingStore
from nnbench.store.rows import RunSummary
from nnbench.store.store import SETTLED, Store

__all__ = ["SETTLED", "MissingStore", "RunSummary", "Store"]
