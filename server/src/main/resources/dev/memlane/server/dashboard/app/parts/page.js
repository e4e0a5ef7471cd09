// What every page begins with, and figures.

import { h, replace } from "../dom.js";
import { isUnavailable, problem, unavailable } from "./notice.js";

/** A page's heading and its explanation as a list of elements; more stands at the right. */
export function head(title, explanation, ...more) {
  return [h("div", { class: "page-head" }, h("h1", null, title), more),
    explanation && h("p", { class: "explanation" }, explanation)].filter(Boolean);
}

export function loading() {
  return h("p", { class: "muted loading" }, "Loading…");
}

export function section(title, content, ...more) {
  return h("section", { class: "section" }, h("div", { class: "section-head" }, h("h2", null, title), more), content);
}

/**
 * A place for something that is loaded on its own: a failure of it leaves the rest of the page as it is.
 *
 * @returns { element, show(children), fail(error) } where what was shown stays if only a later load fails
 */
export function place(what) {
  const trouble = h("div");
  const content = h("div", { class: "section" }, loading());
  let shown = false;
  return {
    element: h("div", { class: "section" }, trouble, content),
    show(...children) {
      shown = true;
      replace(content, children);
      trouble.replaceChildren();
    },
    fail(error) {
      if (error === null) {
        trouble.replaceChildren();
      } else if (isUnavailable(error) && !shown) {
        replace(content, unavailable(error, what));
      } else {
        replace(trouble, problem(error));
        if (!shown) {
          content.replaceChildren();
        }
      }
    },
  };
}

/** A list of figures: [name, value, note, state], where state is "bad" or "warn" or nothing. */
export function figures(all) {
  return h("dl", { class: "figures" }, all.filter(Boolean).map(([name, value, note, state]) =>
    h("div", { class: `figure${state ? ` is-${state}` : ""}` }, h("dt", null, name), h("dd", { class: "value" }, value),
      note && h("dd", { class: "note" }, note))));
}

/**
 * A table: columns are [name, isNumber]. In a narrow window each row becomes a block, with each cell's column beside it; the
 * roles keep it a table for screen readers all the same.
 */
export function table(label, columns, rows) {
  return h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": label },
    h("table", { class: "stacking", role: "table" }, h("caption", { class: "unseen" }, label),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(([name, isNumber]) =>
        h("th", { scope: "col", role: "columnheader", class: isNumber && "number" }, name)))),
      h("tbody", { role: "rowgroup" }, rows.map((cells) => h("tr", { role: "row" }, cells.map((cell, index) =>
        h(index === 0 ? "th" : "td", { scope: index === 0 && "row", role: index === 0 ? "rowheader" : "cell",
          class: columns[index][1] && "number", "data-column": columns[index][0] }, h("div", { class: "cell" }, cell))))))));
}
