// Filters on metadata, as rows of a form and as a text in the page's address.

import { h, newId } from "../dom.js";
import { choice, field, input } from "./form.js";

const OPERATORS = [["equal", "is"], ["contains", "contains"], ["in", "is one of"], ["from", "is at least"], ["to", "is at most"],
  ["exists", "exists"], ["absent", "does not exist"]];

/** Rows from an address: each is "operator:key:value". */
export function rowsOf(query) {
  return query.getAll("filter").slice(0, 20).map((text) => {
    const [operator, key, ...value] = text.split(":").map(decodeURIComponent);
    return { operator, key: key ?? "", value: value.join(":") };
  });
}

export function rowText({ operator, key, value }) {
  return [operator, key, value].map(encodeURIComponent).join(":");
}

/** The filter of the API that all rows together mean; undefined without any. */
export function filterOf(rows, { occurredFrom, occurredTo } = {}) {
  const filters = rows.filter((row) => row.key).map(one);
  if (occurredFrom || occurredTo) {
    filters.push({ is: "occurred", from: occurredFrom || undefined, to: occurredTo || undefined });
  }
  return filters.length === 0 ? undefined : filters.length === 1 ? filters[0] : { is: "and", filters };
}

function one({ operator, key, value }) {
  switch (operator) {
    case "contains":
      return { is: "contains", key, text: value };
    case "in":
      return { is: "in", key, values: value.split(",").map((part) => scalar(part.trim())) };
    case "from":
      return { is: "range", key, from: scalar(value), fromIncluded: true, toIncluded: false };
    case "to":
      return { is: "range", key, to: scalar(value), fromIncluded: false, toIncluded: true };
    case "exists":
      return { is: "exists", key };
    case "absent":
      return { is: "not", filter: { is: "exists", key } };
    default:
      return { is: "equal", key, value: scalar(value) };
  }
}

/** Numbers and booleans are themselves; quotes make a text of them. */
function scalar(text) {
  if (text === "true" || text === "false") {
    return text === "true";
  }
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text)) {
    return Number(text);
  }
  return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
}

/** The rows in a form: { element, rows() }. */
export function filterEditor(initial) {
  const list = h("div", { class: "filters" });
  const controls = new Set();
  const add = (row, focus) => {
    const key = input({ value: row.key, dir: "auto" });
    const operator = choice({ id: newId() }, OPERATORS, row.operator);
    const value = input({ value: row.value, dir: "auto" });
    const valueField = field("Value", value);
    const show = () => valueField.hidden = operator.value === "exists" || operator.value === "absent";
    operator.addEventListener("change", show);
    show();
    const control = { key, operator, value };
    controls.add(control);
    const line = h("div", { class: "filter-row", role: "group", "aria-label": "Filter" }, field("Metadata", key),
      field("Condition", operator), valueField,
      h("button", { type: "button", class: "quiet", onclick: () => {
        controls.delete(control);
        line.remove();
        more.focus();
      } }, "Remove"));
    list.append(line);
    if (focus) {
      key.focus();
    }
  };
  const more = h("button", { type: "button", class: "quiet", onclick: () => add({ key: "", operator: "equal", value: "" }, true) },
    "Add a filter");
  initial.forEach((row) => add(row, false));
  return {
    element: h("div", { class: "filters" }, list, h("div", null, more)),
    rows: () => [...controls].map(({ key, operator, value }) =>
      ({ key: key.value.trim(), operator: operator.value, value: value.value.trim() })).filter((row) => row.key),
  };
}
