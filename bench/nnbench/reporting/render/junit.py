"""A gate as JUnit's XML, which the test pages of CI services read: a suite for each family."""

from xml.etree import ElementTree as tree

from nnbench.machine.writing import printable
from nnbench.records.gate import GateItem, GateReport
from nnbench.reporting.views import gate as view

_FAILING, _SKIPPED = ("regressed",), ("inconclusive", "not_comparable")


def render(report: GateReport) -> str:
    """Return the XML: regressions fail, what cannot be told is skipped, a crash is an error."""
    root = tree.Element("testsuites", name="nnbench gate", time=f"{report.seconds:.1f}")
    for family, name in view.FAMILIES.items():
        items = [item for item in view.ordered(report.items) if item.family == family]
        if items:
            root.append(_suite(name, items))
    tree.indent(root)
    return tree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(name: str, items: list[GateItem]) -> tree.Element:
    def n(*verdicts: str) -> str:
        return str(sum(item.verdict in verdicts for item in items))

    suite = tree.Element(
        "testsuite",
        name=name,
        tests=str(len(items)),
        failures=n(*_FAILING),
        errors=n("crashed"),
        skipped=n(*_SKIPPED),
    )
    for item in items:
        suite.append(_case(name, item))
    return suite


def _case(suite: str, item: GateItem) -> tree.Element:
    # XML has no place for control characters, however they are written.
    case = tree.Element("testcase", classname=f"nnbench.gate.{suite}", name=printable(item.name))
    if item.place is not None:
        case.set("file", printable(item.place[0]))
        case.set("line", str(item.place[1]))
    properties = tree.SubElement(case, "properties")
    value = item.difference if item.ratio is None else item.ratio
    known = {
        "ratio" if item.ratio is not None else "difference": value,
        "ci": item.interval,
        "n": item.n,
        "mde": item.mde,
    }
    for key, found in known.items():
        if found is not None:
            written = f"[{found[0]:.6g}, {found[1]:.6g}]" if isinstance(found, tuple) else f"{found:.6g}"
            tree.SubElement(properties, "property", name=key, value=written)
    kinds = {**dict.fromkeys(_FAILING, "failure"), **dict.fromkeys(_SKIPPED, "skipped"), "crashed": "error"}
    if item.verdict in kinds:
        outcome = tree.SubElement(case, kinds[item.verdict], message=printable(view.said(item)))
        outcome.text = printable("\n".join(item.found), keep="\n") or None
    return case
