// By day, by night, or as the system has it: what was chosen stands in the address.

const THEMES = [["", "as the system"], ["light", "light"], ["dark", "dark"]]; // prettier-ignore

// `changed` draws anew what has its colours from the style sheet's numbers.
function startTheme(changed = () => {}) {
  const box = make("div", { class: "theme" });
  const themes = THEMES.map(([value, name]) => [value, phrase(name)]);
  document.querySelector("main").append(box);
  showing(() => {
    const theme = asked("theme");
    document.documentElement.style.colorScheme = theme === "light" || theme === "dark" ? theme : "";
    changed();
    replaceKeepingFocus(
      box,
      choice(phrase("colours"), themes, theme, (value) => (keep("theme", value), showAll())),
    );
  });
}
