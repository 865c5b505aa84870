"""What a dry run says of a search: how many points and trials it asks for at least, and how long it takes."""

from nnbench.plan.request import Plan
from nnbench.plan.seeds import n_seeds
from nnbench.reporting.digits import counted
from nnbench.reporting.views.search.tuned import point_word
from nnbench.running import rehearsal
from nnbench.running.forecast import forecast
from nnbench.running.rehearsal import Ahead
from nnbench.studies.search import tuned
from nnbench.studies.search.plan import FINALISTS, SearchPlan
from nnbench.studies.search.search import foreseen
from nnbench.terminal import printing as present


def rehearse(asked: SearchPlan, *, as_json: bool) -> None:
    """Print what the search would do."""
    expected = forecast((), asked.plan.settings, foreseen(asked))
    if as_json:
        present.print_json(
            {
                "schema": "nnbench.plan/1",
                "trials": expected.n_trials,
                "cached": expected.n_cached,
                "configurations": asked.n_configurations,
                f"{point_word(asked.strategy)}s": asked.n_tried,
                "estimated_s": expected.seconds,
                "jobs": expected.jobs,
            }
        )
        return
    print(_told(asked))
    print(rehearsal.summed(asked.plan, expected, at_least=True))


def rehearse_run(plan: Plan, *, as_json: bool, found: tuned.Rates | None = None) -> None:
    """Print what a run at tuned rates would do, and the search that would go before it.

    ``found`` are the rates that are known, where that is not all that the store has.
    """
    found = found or tuned.look_up(plan)
    if found.missing:
        ahead = _ahead(tuned.search_for(plan, found))
        rehearsal.rehearse(tuned.at_known_rates(plan, found), as_json=as_json, ahead=ahead)
    else:
        rehearsal.rehearse(tuned.at_tuned_rates(plan, found), as_json=as_json)


def _ahead(asked: SearchPlan) -> Ahead:
    missing = frozenset((crossed.case.name, axes) for crossed, axes in asked.configurations())
    return Ahead(_told(asked), tuple(foreseen(asked)), missing)


def _told(asked: SearchPlan) -> str:
    word = point_word(asked.strategy)
    seeds = counted(n_seeds(asked.tuning_seeds), "tuning seed")
    last = f", {FINALISTS} of them on {asked.n_final_seeds} more" if asked.n_final_seeds else ""
    often = f", {asked.n_searches} times over" if asked.n_searches > 1 else ""
    return (
        f"{counted(asked.n_configurations, 'configuration')}: {counted(asked.n_tried, word)} on {seeds} each"
        f"{last}{often}, then the fresh seeds at two {word}s"
    )
