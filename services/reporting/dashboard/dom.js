// Elements, made from names, attributes and children; text is always text, so nothing that is read becomes markup.

export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(made.dataset, value);
    else if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key === "className" ? "class" : key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

// What a place holds from now on; what is not there leaves nothing behind.
export function fill(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
}

// A part of the page with a heading; `aside` stands at the heading's right.
export function section(title, { aside, id, note } = {}, ...children) {
  return h(
    "section", { className: "panel", "aria-labelledby": id ? `${id}-title` : null, id },
    h("div", { className: "panel-head" }, h("h2", { id: id ? `${id}-title` : null }, title), aside),
    note ? h("p", { className: "note" }, note) : null,
    ...children,
  );
}

// A table in a frame that scrolls by itself, also by the keyboard. `columns`: {name, title, number, cell(row)}.
export function table(label, columns, rows, { foot } = {}) {
  return h(
    "div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": label },
    h(
      "table", {},
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", className: column.number ? "number" : null }, column.title)))),
      h(
        "tbody", {},
        rows.map((row) =>
          h(
            "tr", {},
            columns.map((column, place) =>
              h(place ? "td" : "th", { scope: place ? null : "row", className: column.number ? "number" : null }, column.cell(row)),
            ),
          ),
        ),
      ),
      foot ? h("tfoot", {}, foot) : null,
    ),
  );
}

export function pairs(rows) {
  return h(
    "dl", { className: "pairs" },
    rows.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

// A labelled choice. `options`: [value, words]; `changed` hears the value.
export function choice(label, options, value, changed, { id }) {
  return h(
    "label", { className: "field", for: id }, h("span", {}, label),
    h(
      "select", { id, name: id, onchange: (event) => changed(event.target.value) },
      options.map(([key, words]) => h("option", { value: key, selected: key === (value ?? "") }, words)),
    ),
  );
}

// Everything is said once here: what is not there, what is coming, what went wrong.
export function empty(words, hint) {
  return h("div", { className: "state" }, h("p", { className: "state-title" }, words), hint ? h("p", {}, hint) : null);
}

export function waiting(words, lines = 3) {
  return h(
    "div", { className: "skeleton", role: "status" }, h("span", { className: "unseen" }, words),
    Array.from({ length: lines }, () => h("i", { "aria-hidden": "true" })),
  );
}

export function broken({ title, detail, again, againWords }) {
  return h(
    "div", { className: "state state-broken", role: "alert" },
    h("p", { className: "state-title" }, title), detail ? h("p", {}, detail) : null,
    again ? h("button", { type: "button", onclick: again }, againWords) : null,
  );
}
