// Fields with their labels.

import { h, newId } from "../dom.js";

/** A field: a label, the control, and a hint that is read with it. */
export function field(text, control, hint) {
  control.id ||= newId();
  const described = hint && newId();
  if (described) {
    control.setAttribute("aria-describedby", described);
  }
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control,
    hint && h("p", { class: "hint", id: described }, hint));
}

export function input(properties) {
  return h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...properties });
}

export function choice(properties, options, chosen) {
  const select = h("select", properties, options.map(([value, text]) => h("option", { value }, text)));
  select.value = options.some(([value]) => value === chosen) ? chosen : options[0][0];
  return select;
}

export function checkbox(text, id, checked) {
  const box = h("input", { type: "checkbox", id });
  box.checked = checked;
  return h("div", { class: "check" }, box, h("label", { for: id }, text));
}
