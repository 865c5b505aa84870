"""Adam, written out."""

import torch


class Adam(torch.optim.Optimizer):
    def __init__(self, parameters, rate=0.02, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(parameters, {"rate": rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon})
        self.t = 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                v = state.setdefault("v", torch.zeros_like(p))
                m.mul_(group["beta1"]).add_(p.grad, alpha=1 - group["beta1"])
                v.mul_(group["beta2"]).addcmul_(p.grad, p.grad, value=1 - group["beta2"])
                m_hat, v_hat = m / (1 - group["beta1"] ** self.t), v / (1 - group["beta2"] ** self.t)
                p.sub_(group["rate"] * m_hat / (v_hat.sqrt() + group["epsilon"]))
