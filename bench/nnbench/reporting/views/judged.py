"""What was judged: the file, how its columns were read, and what is missing in it."""

from collections import Counter

from nnbench.evidence.case import CaseEvidence, Findings
from nnbench.records.judged import JudgedFile, Measure
from nnbench.reporting import digits
from nnbench.reporting.blocks import Item, Listing
from nnbench.reporting.texts import words


def about_file(found: Findings, file: JudgedFile) -> Listing:
    """Describe the file and how it was understood, so that a reader sees whether that is right."""
    read_as = [f"{role}: {column}" for role, column in file.columns.items()]
    items = [Item("file", f"{file.name}, {digits.counted(file.n_rows, 'row')}, sha256 {file.sha256[:16]}…")]
    items.append(Item("read as", "; ".join(read_as)))
    for case in found.cases():
        of_case = f" of {case.facts.name}" if len(file.measures) > 1 else ""
        measure = file.measures[case.facts.name]
        items.append(Item(f"metric{of_case}", _direction(measure)))
        items.append(Item(f"noticeable{of_case}", _noticeable(measure, words.noticeable(case.facts))))
        items.append(Item(f"trials{of_case}", _trials(case)))
    return Listing((*items, Item("again", found.run.command, is_verbatim=True)))


def _direction(measure: Measure) -> str:
    way, other = ("more", "min") if measure.direction == "max" else ("less", "max")
    unless = "" if measure.is_direction_said else f", unless you say --direction {other}"
    return f"{measure.column}: {way} is better{unless}"


def _noticeable(measure: Measure, written: str) -> str:
    known = written if measure.noticeable else "not known: nothing is called equivalent"
    return known if measure.is_noticeable_said else f"{known}, unless you say --noticeable NUMBER"


def _trials(case: CaseEvidence) -> str:
    n = Counter(each.status for each in case.trials)
    n_missing = len({each.axes for each in case.trials}) * len(case.seeds) - len(case.trials)
    n_short = sum(each.status == "finished" and each.steps < case.facts.steps for each in case.trials)
    parts = (
        (len(case.trials), "in the file"),
        (n["diverged"], "without a score: counted as the worst"),
        (n["failed"], "failed or killed: no pair with others"),
        (n["cancelled"], "not at their end: left out"),
        (n_missing, "missing, with no row for that configuration and seed: no pair with others"),
        (n_short, f"with a curve that ends before step {digits.count(case.facts.steps)}"),
    )
    return "; ".join(f"{digits.count(each)} {what}" for each, what in parts if each)
