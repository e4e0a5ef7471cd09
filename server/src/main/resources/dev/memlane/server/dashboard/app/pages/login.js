// Signing in with an API key. The server answers with a cookie that scripts can't read; the key is kept nowhere.

import { signIn } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { problem } from "../parts/notice.js";

export function openLogin(container, entered) {
  const key = h("input", { id: "key", type: "password", autocomplete: "current-password", spellcheck: "false", required: true,
    autocapitalize: "none", "aria-describedby": "key-hint" });
  const trouble = h("div");
  const go = h("button", { type: "submit", class: "first" }, "Sign in");
  const form = h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (!key.value.trim()) {
        key.focus();
        return;
      }
      go.disabled = true;
      try {
        await signIn(key.value.trim());
        key.value = "";
        announce("You are signed in.");
        await entered();
      } catch (e) {
        replace(trouble, problem(e));
        key.focus();
        key.select();
      } finally {
        go.disabled = false;
      }
    },
  }, h("div", { class: "field" }, h("label", { for: "key" }, "API key"), key,
    h("p", { class: "hint", id: "key-hint" }, "It begins with mlk_. Whoever runs this server creates one with ",
      h("code", null, "memlane keys create"), ".")), trouble, go);
  replace(container, h("div", { class: "login" }, h("main", null,
    h("h1", { class: "brand" }, h("img", { src: "icon.svg", alt: "", width: 26, height: 26 }), "Memlane"),
    h("p", { class: "muted" }, "This server asks for a key."), form)));
  document.title = "Sign in · Memlane";
  key.focus();
}
