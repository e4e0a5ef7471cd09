// A scope: a user, an agent, a run, or some of them.

import { h, said } from "../dom.js";

export const DIMENSIONS = ["user", "agent", "run"];

/** Only the dimensions that a scope names. */
export function named(scope) {
  return Object.fromEntries(DIMENSIONS.filter((one) => scope?.[one]).map((one) => [one, scope[one]]));
}

export function isEmpty(scope) {
  return Object.keys(named(scope)).length === 0;
}

export function same(one, other) {
  return DIMENSIONS.every((dimension) => (one?.[dimension] || "") === (other?.[dimension] || ""));
}

/** A scope as a text that a person can type: "ada" for a user alone, otherwise "user=ada run=7". */
export function typed(scope) {
  const parts = named(scope);
  return Object.keys(parts).length === 1 && parts.user ? parts.user
    : Object.entries(parts).map(([name, value]) => `${name}=${value}`).join(" ");
}

/** A scope in a sentence: "user ada, run 7". */
export function inWords(scope) {
  return Object.entries(named(scope)).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** A hash link, with the query's values that are set. */
export function link(path, query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") {
      parameters.append(name, value);
    }
  }
  const text = parameters.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** A scope as chips that lead to its memories. */
export function chips(scope) {
  const parts = named(scope);
  return Object.entries(parts).map(([name, value]) =>
    h("a", { class: "chip", href: link("memories", parts), title: `${name} ${value}` },
      h("span", { class: "name" }, name), said(value)));
}

/** A scope as the text of a link in a list. */
export function label(scope) {
  return h("span", { class: "scope-name" }, Object.entries(named(scope)).flatMap(([name, value], index) =>
    [index > 0 && ", ", h("span", { class: "name" }, `${name} `), said(value)]));
}

/** Where a page reads its scope. */
export function ofQuery(query) {
  return named(Object.fromEntries(DIMENSIONS.map((one) => [one, query.get(one)])));
}
