"""What a peer is: a function that others offer in the place of a kernel, beside which the kernel is timed.

A peer's parameters are operands and numbers of the op of its name, or ``shape``: that of the windows of a
convolution or a pooling. It writes into them where one call can, and otherwise returns its results in the
order of the op's outputs.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A peer whose users have something ready before the call: views of images, a state of an optimizer.

    ``make`` takes what a plain peer takes and returns the call that is timed; None where there is no call
    for windows of that shape.
    """

    make: Callable[..., Call | None]


Peer = Callable[..., Any] | Prepared


def parameters(peer: Peer) -> list[str]:
    """Return the names of what the peer asks for."""
    return list(inspect.signature(peer.make if isinstance(peer, Prepared) else peer).parameters)


def call_of(peer: Peer, known: Mapping[str, Any]) -> Call | None:
    """Return the peer's call on these values; what the op has not, the peer has a default for."""
    given = {name: known[name] for name in parameters(peer) if name in known}
    return peer.make(**given) if isinstance(peer, Prepared) else partial(peer, *given.values())
