// Average ranks over the cases: whoever lies within the critical difference of the one that is picked, or
// else of the best, is not told from it.

class Ranks extends Standings {
  drawRows() {
    const { rows, critical } = this.figure;
    this.centre = rows.find((row) => row.label === asked(`${this.section}.mark`)) ?? rows[0];
    for (const row of rows) {
      row.best = row === this.centre || Math.abs(row.difference - this.centre.difference) <= (critical ?? -1);
    }
    super.drawRows();
    const told = critical
      ? phrase("Filled: within the critical difference {0} of {1}.", written(critical), this.centre.label)
      : phrase("Too few cases for a critical difference.");
    this.plot.append(make("p", { class: "note" }, told, " ", phrase("Pick another with a click or enter.")));
  }

  ground() {
    const { critical, reach } = this.figure;
    const ends = [-1, 1].map((side) => this.centre.difference + side * (critical ?? 0));
    const band = [Math.max(ends[0], reach[0]), Math.min(ends[1], reach[1])];
    return { band, line: this.centre.difference, nameOf: (tick) => written(tick) };
  }

  saidOf(row) {
    const { critical } = this.figure;
    if (row === this.centre || !critical) return `${row.label}: ${row.text}.`;
    const { label } = this.centre;
    const said = row.best ? phrase("Not told apart from {0}.", label) : phrase("Told apart from {0}.", label);
    return `${row.label}: ${row.text}. ${said}`;
  }
}
