// Tables as text to paste. The escapes come from the renderers of the report: page.escapes.

function matrixOf(table, isKept = () => true) {
  const heads = [...table.tHead.rows[0].cells];
  const places = heads.map((_, i) => i).filter((i) => isKept(heads[i]));
  const texts = (row) => places.map((i) => row.cells[i].textContent.trim());
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden).map(texts);
  return { heads: places.map((i) => heads[i]), names: texts(table.tHead.rows[0]), rows };
}

function asMarkdown(table) {
  const markup = new RegExp(page.escapes.markdown, "gu");
  const escaped = (text) => text.split(/\s+/).join(" ").replace(markup, "\\$1");
  const { heads, names, rows } = matrixOf(table);
  const rules = heads.map((head) => (isLeft(head) ? ":--" : "--:"));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [names.map(escaped), rules, ...rows.map((row) => row.map(escaped))].map(line).join("\n") + "\n";
}

function asLatex(table) {
  const escaped = (text) => [...text].map((letter) => page.escapes.latex[letter] ?? letter).join("");
  const cell = (text) => (text.startsWith("[") ? "{}" : "") + escaped(text);
  const { heads, names, rows } = matrixOf(table, (head) => "paper" in head.dataset);
  const columns = heads.map((head) => (isLeft(head) ? "l" : "r")).join("");
  return [
    "\\begin{table}",
    `  \\caption{${escaped(captionOf(table))}}`,
    `  \\begin{tabular}{${columns}}`,
    "    \\toprule",
    `    ${names.map(escaped).join(" & ")} \\\\`,
    "    \\midrule",
    ...rows.map((row) => `    ${row.map(cell).join(" & ")} \\\\`),
    "    \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
    "",
  ].join("\n");
}

// An estimate with its interval becomes three columns, and minus signs those that every reader knows.
function asCsv(table) {
  const { names, rows } = matrixOf(table);
  const parts = rows.map((row) => row.map(estimateOf));
  const isSplit = names.map((_, i) => parts.some((row) => row[i].length === 3));
  const spread = (cells, fill) => cells.flatMap((cell, i) => (isSplit[i] ? fill(cell) : [cell[0] ?? ""]));
  const head = names.flatMap((name, i) => {
    const bare = name.replace(/ ?\[[^\]]*\]$/, "");
    return isSplit[i] ? [bare, `${bare} low`, `${bare} high`] : [name];
  });
  const body = parts.map((row) => spread(row, ([value = "", low = "", high = ""]) => [value, low, high]));
  return [head, ...body].map((row) => row.map(csvField).join(",")).join("\n") + "\n";
}

function estimateOf(text) {
  const plain = text.replaceAll("\u2212", "-");
  const found = /^(\S+) \[([^,\]]+), ([^,\]]+)\]$/.exec(plain);
  return found ? found.slice(1) : [/^-[\d.]+(e-?\d+)?$/.test(plain) ? plain : text];
}

function csvField(text) {
  // A spreadsheet would obey what begins like a formula; a number with a sign is none.
  const isFormula = /^[=+\-@\t\r]/.test(text) && !/^[+-]?(\d[\d.,]*(e[+-]?\d+)?|\u221e)$/.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function captionOf(table) {
  const notes = [];
  for (let next = table.parentElement.nextElementSibling; next?.matches("p.note");) {
    notes.push(next.textContent.trim());
    next = next.nextElementSibling;
  }
  const title = table.caption?.textContent.trim();
  return [...(title ? [`${title}.`] : []), ...notes].join(" ");
}

function isLeft(head) {
  return head.classList.contains("left");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // where a page from a file has no clipboard of its own
    area.remove();
  }
}
