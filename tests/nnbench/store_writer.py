"""A process that writes trials: ``store_writer.py STORE FIRST LAST``, and says each key once it is recorded.

Run by test_store_processes.py; without LAST it writes until it is killed.
"""

import sys
from itertools import count

from nnbench.store import Store
from tests.nnbench.store_samples import trial


def main(path: str, first: str, last: str | None = None) -> None:
    indices = count(int(first)) if last is None else range(int(first), int(last))
    print("ready", flush=True)
    sys.stdin.readline()  # so that several processes begin together
    with Store.open(path, create=True) as store:
        for index in indices:
            record = trial(index)
            store.put_trial(record)
            print(record.key, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
