"""How a case is written with another choice in its sections, and why one of them would change nothing."""

from typing import Any


def scaled(case: Any, choice: str) -> Any:
    """Return the case with its data prepared so."""
    return case.rewritten(data=case.data.model_copy(update={"scale": choice}))


def targets_move(case: Any) -> str | None:
    """Return why losses of another scale could not be compared, if so."""
    from nnkit import losses, metrics

    one = metrics.asked(case.measure.metric)
    if one.metric.in_target_units and losses.resolve(case.training.loss).kind == "real":
        named = "losses" if one.metric.name == "loss" else one.name
        return f"scales its targets too, so that {named} could not be compared"
    return None


def weighs_classes(case: Any, choice: str) -> Any:
    """Return the case with weights of its classes, or none."""
    given = None if choice == "none" else choice
    return case.rewritten(training=case.training.model_copy(update={"class_weight": given}))


def has_no_classes(case: Any) -> str | None:
    """Return why there is nothing to weigh, if so."""
    from nnkit import losses

    return None if losses.resolve(case.training.loss).kind == "labels" else "has no classes to weigh"


def moved(case: Any, choice: str) -> Any:
    """Return the case with another way of transfer."""
    return case.rewritten(transfer=case.transfer.model_copy(update={"way": choice}))


def learns_nothing_first(case: Any) -> str | None:
    """Return why there is nothing to move, if so."""
    return "has no section [transfer], so there is no net to start from" if case.transfer is None else None
