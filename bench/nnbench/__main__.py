"""``python -m nnbench`` is the console script ``nnbench``."""

import sys

from nnbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
