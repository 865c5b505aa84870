"""The report in a terminal: it fits, it loses nothing, and colour only repeats what the words say."""

import io
import re

import pytest
import report_samples as samples

from nnbench.reporting.blocks import Cell, Column, Document, Item, Listing, Section, Table
from nnbench.reporting.render import text
from nnbench.reporting.render.columns import fit

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [80, 120])
def test_golden(width: int) -> None:
    """Six configurations with ten seeds look as they looked when somebody last looked."""
    samples.check_golden(f"report_{width}.txt", text.render(samples.six_by_ten().document(), width=width))


def test_golden_of_the_other_situations() -> None:
    """One configuration, one seed, each verdict, everything diverged, two cases, long names, a grid."""
    shown = [
        f"##### {name}\n{text.render(make().document(), width=80)}"
        for name, make in samples.EVERY_SAMPLE.items()
        if name != "six_by_ten"
    ]

    samples.check_golden("report_situations.txt", "\n".join(shown))


def test_where_room_is_short_the_highest_rank_goes_first_and_of_equals_the_rightmost() -> None:
    """Ten letters a column, two spaces between them: a column less is twelve less."""
    ranks = {"aaaaaaaaaa": 0, "bbbbbbbbbb": 2, "cccccccccc": 3, "dddddddddd": 2, "eeeeeeeeee": 1}
    columns = tuple(Column(header, rank=rank) for header, rank in ranks.items())
    table = Table("", columns, (tuple(Cell("1") for _ in ranks),))

    left_out = [{header[0] for header in fit(table, width).left_out} for width in (58, 57, 45, 33, 21, 9)]

    assert left_out == [set(), {"c"}, {"c", "d"}, {"b", "c", "d"}, {"b", "c", "d", "e"}, {"b", "c", "d", "e"}]


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_every_line_fits(name: str, width: int) -> None:
    """No line but a command to copy is longer than the terminal is wide."""
    sample = samples.EVERY_SAMPLE[name]()

    lines = text.render(sample.document(), width=width).splitlines()

    assert [line for line in lines if len(line) > width and sample.run.command not in line] == []


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_no_letter_of_a_cell_is_lost(width: int) -> None:
    """However narrow the terminal is, every choice, value and verdict is there to the last letter."""
    document = samples.long_names().document()
    table = next(b for s in document.sections for b in s.blocks if isinstance(b, Table))
    stays = [i for i, column in enumerate(table.columns) if column.rank == 0]

    shown = re.sub(r"\s", "", text.render(document, width=width))

    cells = [re.split(r"[\s(]", row[i].text) for row in table.rows for i in stays]
    assert all(word in shown for words in cells for word in words)


def test_columns_that_are_left_out_are_named() -> None:
    """At 80 columns the time has no room: the reader learns of it."""
    narrow = " ".join(text.render(samples.six_by_ten().document(), width=80).split())

    assert "Not shown at this width: success, time per trial." in narrow
    assert "Not shown" not in text.render(samples.six_by_ten().document(), width=260)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 260])
def test_what_decides_is_shown_at_every_width(width: int) -> None:
    """Verdict, interval, p, the seeds that are needed and why: below its row where a column has no room."""
    shown = " ".join(text.render(samples.six_by_ten().document(), width=width).split())
    table = shown.partition("Best median first")[0].rpartition("n = 10.")[2]

    for each in ("cannot tell", "[−0.58,", "0.078", "16", "no larger than chance makes it"):
        assert each in table
    assert table.count("worse") == 4
    left_out = shown.partition("Not shown at this width: ")[2].partition(".")[0].split(", ")
    assert not {"p", "why", "seeds to tell", "verdict", "difference"} & set(left_out)


def test_six_configurations_fit_two_screens() -> None:
    """Without failures, 60 trials have at most 56 lines of 80 columns, and their axes 33."""
    sample = samples.six_by_ten()
    trials = tuple(
        samples.trial(each.axes, each.seed, 0.9) if each.status == "diverged" else each
        for each in sample.trials
    )
    whole = samples.Sample(sample.run, trials, sample.summaries, sample.comparisons)

    lines = text.render(whole.document(), width=80).splitlines()

    start = next(i for i, line in enumerate(lines) if line.startswith("Of the spread"))
    end = next(i for i, line in enumerate(lines) if line.startswith("digits-mlp  "))
    assert end - start <= 33
    assert len(lines) - (end - start) <= 56


def test_decimal_points_stand_in_one_column() -> None:
    """Numbers of different length can be compared by eye."""
    shown = text.render(samples.six_by_ten().document(), width=120).splitlines()

    verdicts = shown[: next(i for i, line in enumerate(shown) if line.startswith("Best median first"))]
    rows = [line for line in verdicts if re.search(r"[−+]\d+\.\d\d \[", line) and "behind" not in line]
    assert len(rows) == 5
    assert len({re.search(r"[−+]\d+(\.)", line).start(1) for line in rows if "[" in line}) == 1  # type: ignore[union-attr]


def test_colour_adds_nothing_but_colour() -> None:
    """Without its escape sequences the coloured report is the plain one."""
    document = samples.six_by_ten().document()
    plain, coloured = (text.render(document, width=100, color=each) for each in (False, True))

    stripped = "\n".join(line.rstrip() for line in ANSI.sub("", coloured).splitlines()) + "\n"
    assert stripped == plain
    assert "\x1b[31mworse" in coloured
    assert "\x1b" not in plain


@pytest.mark.parametrize(
    ("stream", "variables", "choice", "is_coloured"),
    [
        (Terminal(), {}, "auto", True),
        (Terminal(), {"NO_COLOR": "1"}, "auto", False),
        (Terminal(), {"TERM": "dumb"}, "auto", False),
        (Terminal(), {}, "never", False),
        (io.StringIO(), {}, "auto", False),
        (io.StringIO(), {"NO_COLOR": "1"}, "always", True),
    ],
)
def test_who_gets_colour(
    stream: io.StringIO,
    variables: dict[str, str],
    choice: text.Color,
    is_coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Terminals do, pipes do not, NO_COLOR is obeyed, and what the user says on the command line wins."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    text.write(samples.alone().document(), stream, color=choice)

    assert ("\x1b" in stream.getvalue()) == is_coloured


def test_the_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS decides, as for every well-behaved program."""
    monkeypatch.setenv("COLUMNS", "100")
    stream = io.StringIO()

    text.write(samples.six_by_ten().document(), stream, color="never")

    assert stream.getvalue() == text.render(samples.six_by_ten().document(), width=100)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "no-such-encoding"])
def test_any_encoding_can_print_a_report(encoding: str) -> None:
    """A terminal without Unicode gets hyphens and the word inf instead of an exception."""
    shown = text.encodable(text.render(samples.six_by_ten().document(), width=120), encoding)

    assert shown.isascii()
    assert "[-inf, 85.83]" in shown
    assert "?" not in shown


def test_markup_in_names_is_printed_as_it_is() -> None:
    """A name in brackets is a name, and no instruction to the terminal."""
    name = "[red]mine[/red] :smile:"
    table = Table("", (Column("name", wraps=True),), ((Cell(name),),))

    shown = text.render(Document("", (Section("", (table,)),)), width=80, color=False)

    assert name in shown


def test_wide_letters_take_two_places() -> None:
    """A Korean name is twice as wide as it has letters: the column makes room, and the next stays in line."""
    table = Table(
        "",
        (Column("name", wraps=True), Column("n")),
        ((Cell("옵티마이저"), Cell("7")), (Cell("a"), Cell("8"))),
    )

    shown = text.render(Document("", (Section("", (table,)),)), width=80).splitlines()

    assert shown[-2] == "옵티마이저  7"
    assert shown[-1] == "a           8"


def test_of_two_columns_of_equal_rank_the_right_one_goes_first() -> None:
    """The columns stand in the order of what matters."""
    names = ("stays", "left", "right")
    columns = tuple(Column(name, rank=rank) for name, rank in zip(names, (0, 2, 2), strict=True))
    table = Table("", columns, (tuple(Cell("x" * 10) for _ in names),))

    assert fit(table, 34).left_out == ()
    assert fit(table, 33).left_out == ("right",)
    assert fit(table, 21).left_out == ("left", "right")


def test_a_command_is_never_broken() -> None:
    """A command of any length stands on one line, so that copying it gives the command."""
    command = "nnbench run " + "--optimizer 'a b' " * 20
    document = Document("", (Section("", (Listing((Item("again", command, is_verbatim=True),)),)),))

    shown = text.render(document, width=60)

    assert command.rstrip() in shown


@pytest.mark.parametrize("width", [60, 80])
def test_one_long_name_does_not_make_towers_of_all_sentences(width: int) -> None:
    """Of two columns that wrap, the one that lacks more gets more of the room."""
    names = ("a", "one, two, three, four, five, six, seven, eight, nine, ten, eleven")
    sentence = (
        "a sentence that says what it is, in as many words as such a sentence takes to say it, and more"
    )
    rows = tuple((Cell(name), Cell(sentence)) for name in names)
    table = Table("", (Column("name", wraps=True), Column("what it is", wraps=True)), rows)

    fitted = fit(table, width)

    assert fitted.width <= width
    assert fitted.widths[1] > width / 2
    assert max(row[1].text.count("\n") for row in fitted.rows) <= 3
