"""Carry out a search, of rates or of more, in a workplace of its own."""

from functools import partial

from nnbench.records.trials import RunRecord
from nnbench.running import experiment
from nnbench.running.workplace import workplace
from nnbench.studies.search import point_search, rate_search
from nnbench.studies.search.point_plan import PointPlan
from nnbench.studies.search.rate_plan import TunePlan
from nnbench.terminal.session import command_line


def search(asked: TunePlan | PointPlan) -> RunRecord | None:
    """Search learning rates, or more; return None where that was interrupted."""
    # Before the store is touched: a model that cannot be built writes nothing.
    facts = experiment.facts_of(asked.plan)
    with workplace(asked.plan.settings) as around:
        if isinstance(asked, PointPlan):
            carry_out = partial(point_search.carry_out, asked)
        else:
            carry_out = partial(rate_search.carry_out, asked)
        return carry_out(
            facts,
            around.store,
            command=command_line(),
            clock=around.clock,
            progress=around.progress,
            stop=around.stop,
        )
