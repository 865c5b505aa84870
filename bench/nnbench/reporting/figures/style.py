"""How every figure looks: its colours, its letters, and the sizes that text needs."""

from typing import Any

# Okabe and Ito (2008), Color Universal Design, without its yellow (too pale for a line on white) and with
# its black last, so that the first colours are those that stand apart most.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
# When the colours run out they come again in another pattern.
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))

INK, GREY, FAINT = "#333333", "#777777", "#E6E6E6"

# matplotlib types the names of its settings only in some versions.
SETTINGS: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    # Behind the first three those that have Korean letters, on Linux, Windows and macOS.
    "font.sans-serif": [
        *("DejaVu Sans", "Arial", "Helvetica"),
        *("Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "sans-serif"),
    ],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
}
POINTS = 72.0  # an inch has as many
LETTER_INCHES = 0.078  # mean width of a letter at this size, rounded up
ONE_TWO_FIVE = (1.0, 2.0, 5.0)
