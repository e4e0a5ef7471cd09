// Dialogs. The browser keeps the focus inside and gives it back to the button that opened one.

import { announce, h, newId, replace } from "../dom.js";
import { problem } from "./notice.js";

/**
 * Opens a dialog with a form.
 *
 * @param title what it is about
 * @param content elements of the form
 * @param action the text of the button that does it
 * @param danger whether that destroys something
 * @param check returns whether the form can be sent now; asked with every input
 * @param submit does it, and returns a promise; the dialog stays open with the problem if that fails
 * @returns a promise of the result; undefined if the dialog was left
 */
export function ask({ title, content, action, danger = false, check = () => true, submit }) {
  return new Promise((resolve) => {
    const heading = newId();
    const trouble = h("div");
    const leave = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const go = h("button", { type: "submit", class: danger ? "danger first" : "first" }, action);
    const form = h("form", {
      method: "dialog",
      oninput: () => go.disabled = !check(),
      onsubmit: async (event) => {
        event.preventDefault();
        if (!check() || go.disabled) {
          return;
        }
        go.disabled = true;
        dialog.setAttribute("aria-busy", "true");
        try {
          result = await submit();
          dialog.close();
        } catch (e) {
          replace(trouble, problem(e));
        } finally {
          go.disabled = !check();
          dialog.removeAttribute("aria-busy");
        }
      },
    }, h("h2", { id: heading }, title), content, trouble, h("div", { class: "buttons" }, leave, go));
    let result;
    const dialog = h("dialog", {
      "aria-labelledby": heading,
      onclose: () => {
        dialog.remove();
        resolve(result);
      },
    }, form);
    go.disabled = !check();
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks whether to destroy something; for an erasure the reader types a text first. */
export async function confirmDestruction({ title, destroyed, action, type, submit, done }) {
  const id = newId();
  const field = type && h("input", { id, autocomplete: "off", spellcheck: "false", dir: "auto", autofocus: true });
  const answer = await ask({
    title, action, danger: true,
    content: [
      h("div", { class: "destroyed" }, destroyed),
      type && h("div", { class: "field" },
        h("label", { for: id }, "To confirm, type the scope: ", h("bdi", { class: "typed code" }, type)), field),
    ],
    check: () => !type || field.value.trim() === type.trim(),
    submit,
  });
  if (answer !== undefined) {
    announce(done);
  }
  return answer;
}
