"""What the tests of commands share."""

from collections.abc import Callable

import pytest

from nnbench.cli import main
from tests.nnbench.documents import complaints, document_in


@pytest.fixture
def nnb(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command: its exit code, stdout and stderr.

    Every JSON document that it prints is held against its schema, where jsonschema is installed.
    """

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        document = document_in(out)
        assert document is None or not complaints(document)
        return (code, out, err)

    return run
