"""The store: every trial and run that was recorded, in one SQLite file.

``schema`` owns the tables, ``encoding`` the JSON and the curves, ``rows`` the way from record to row and
back, ``database`` the opening, ``problems`` the words when SQLite refuses; ``Store`` is what others use.
"""

from nnbench.store.problems import MissingStore
from nnbench.store.rows import RunSummary
from nnbench.store.store import DEFAULT_PATH, SETTLED, Store

__all__ = ["DEFAULT_PATH", "SETTLED", "MissingStore", "RunSummary", "Store"]
