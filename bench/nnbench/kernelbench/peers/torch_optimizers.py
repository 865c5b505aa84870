"""What PyTorch users run in the place of an optimizer's update: the step of its own, fused where it has that.

Every optimizer has come as far as the op: its state is the op's slots, and the vector its one parameter.
"""

from typing import Any

from nnbench.kernelbench.peers.peer import Call, Peer, Prepared


def peers(torch: Any) -> dict[str, Peer]:
    """Return torch's step for every optimizer that it has, by the op's name."""
    kinds = torch.optim

    def step_of(kind: Any, p: Any, g: Any, state: dict[str, Any], **options: Any) -> Call:
        """Return the step of an optimizer that has come as far as the op."""
        parameter = torch.nn.Parameter(p)
        parameter.grad = g
        optimizer = kind([parameter], **options)
        optimizer.state[parameter] = state
        return optimizer.step  # type: ignore[no-any-return]

    def adam(
        p: Any, g: Any, m: Any, v: Any, learning_rate: float, step: int,
        beta_1: float, beta_2: float, epsilon: float,
        weight_decay: float | None = None,
    ) -> Call:  # fmt: skip
        state = {"step": torch.tensor(step - 1.0), "exp_avg": m, "exp_avg_sq": v}
        options = {"lr": learning_rate, "betas": (beta_1, beta_2), "eps": epsilon, "fused": True}
        if weight_decay is None:
            return step_of(kinds.Adam, p, g, state, **options)
        return step_of(kinds.AdamW, p, g, state, **options, weight_decay=weight_decay)

    def momentum(p: Any, g: Any, velocity: Any, learning_rate: float, momentum: float) -> Call:
        state = {"momentum_buffer": velocity}
        return step_of(kinds.SGD, p, g, state, lr=learning_rate, momentum=momentum, fused=True)

    def nesterov(p: Any, g: Any, velocity: Any, learning_rate: float, momentum: float) -> Call:
        state = {"momentum_buffer": velocity}
        options = {"lr": learning_rate, "momentum": momentum, "nesterov": True, "fused": True}
        return step_of(kinds.SGD, p, g, state, **options)

    def adagrad(p: Any, g: Any, accumulator: Any, learning_rate: float, epsilon: float) -> Call:
        state = {"step": torch.tensor(0.0), "sum": accumulator}
        return step_of(kinds.Adagrad, p, g, state, lr=learning_rate, eps=epsilon, fused=True)

    def rmsprop(
        p: Any, g: Any, mean_square: Any, velocity: Any, mean: Any,
        learning_rate: float, rho: float, momentum: float, epsilon: float, centered: float,
    ) -> Call:  # fmt: skip
        state = {"step": torch.tensor(0.0), "square_avg": mean_square}
        if momentum:
            state["momentum_buffer"] = velocity / learning_rate  # there the rate is outside
        if centered:
            state["grad_avg"] = mean
        options = {"lr": learning_rate, "alpha": rho, "momentum": momentum, "eps": epsilon}
        return step_of(kinds.RMSprop, p, g, state, **options, centered=bool(centered))

    def sgd(p: Any, g: Any, learning_rate: float) -> Call:
        return step_of(kinds.SGD, p, g, {}, lr=learning_rate, fused=True)

    return {
        "adam_update": Prepared(adam),
        "adamw_update": Prepared(adam),
        "sgd_update": Prepared(sgd),
        "momentum_update": Prepared(momentum),
        "nesterov_update": Prepared(nesterov),
        "adagrad_update": Prepared(adagrad),
        "rmsprop_update": Prepared(rmsprop),
    }
