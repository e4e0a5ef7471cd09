// The frame around all pages: navigation, theme, session, and which page an address means.

import { session, signOut } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { problem } from "./parts/notice.js";
import { openLogin } from "./pages/login.js";

/** Each page is loaded when it is first opened. The first part of an address names it. */
const PAGES = [
  { path: "", name: "Overview", load: () => import("./pages/overview.js") },
  { path: "memories", name: "Memories", load: () => import("./pages/memories.js") },
  { path: "conversations", name: "Conversations", load: () => import("./pages/conversations.js") },
  { path: "lanes", name: "Lanes", load: () => import("./pages/lanes.js") },
  { path: "endpoints", name: "Embedding endpoints", load: () => import("./pages/endpoints.js") },
  { path: "operations", name: "Operations", load: () => import("./pages/operations.js") },
];

/** How long the page before stays while the next one loads, in milliseconds. */
const PATIENCE = 400;

const frame = document.getElementById("frame");
const main = document.getElementById("main");
const side = document.querySelector(".side");
const menuButton = document.getElementById("menu-button");

let who = null;
let open = null;

function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [first = "", ...rest] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { first, rest, query: new URLSearchParams(query) };
}

async function show() {
  if (!who) {
    return;
  }
  const to = route();
  const known = PAGES.find((one) => one.path === to.first);
  const place = to.first + "/" + to.rest.join("/");
  const before = open;
  before?.leave.abort();
  const leave = new AbortController();
  open = { place, leave };
  closeMenu();
  for (const link of document.querySelectorAll("#pages a")) {
    if (link.dataset.path === to.first) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  const view = h("div", { class: "page" });
  main.setAttribute("aria-busy", "true");
  const done = openPage(known, view, to, leave.signal);
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  if (leave.signal.aborted) {
    return;
  }
  const focused = document.activeElement;
  const again = before?.place === place && focused?.id && main.contains(focused) ? focused.id : null;
  main.replaceChildren(view);
  const title = view.querySelector("h1")?.textContent ?? "Memlane";
  document.title = title === "Overview" ? "Memlane" : `${title} · Memlane`;
  const kept = again && document.getElementById(again);
  if (kept) {
    kept.focus({ preventScroll: true });
  } else if (before) {
    const heading = view.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  await done;
  if (!leave.signal.aborted) {
    main.removeAttribute("aria-busy");
  }
}

async function openPage(known, view, to, signal) {
  try {
    if (!known) {
      view.append(h("h1", null, "No such page"), h("p", null, "The address names no page of this dashboard. ",
        h("a", { href: "#/" }, "Go to the overview")));
      return;
    }
    const page = await known.load();
    await page.open(view, { ...to, signal, role: who.role, hasKey: Boolean(who.csrf), again: show });
  } catch (e) {
    if (!signal.aborted) {
      view.querySelector("h1") ?? view.append(h("h1", null, known?.name ?? "Memlane"));
      for (const loading of view.querySelectorAll(".loading")) {
        loading.remove();
      }
      view.append(problem(e, show));
    }
  }
}

function closeMenu() {
  side.classList.remove("is-open");
  menuButton.setAttribute("aria-expanded", "false");
}

function buildFrame() {
  replace(document.getElementById("pages"), PAGES.map((page) =>
    h("li", null, h("a", { href: `#/${page.path}`, "data-path": page.path, onclick: closeMenu }, page.name))));
  menuButton.addEventListener("click", () => {
    menuButton.setAttribute("aria-expanded", String(side.classList.toggle("is-open")));
  });
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("is-open")) {
      closeMenu();
      menuButton.focus();
    }
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  const theme = document.getElementById("theme");
  theme.value = document.documentElement.dataset.theme ?? "system";
  theme.addEventListener("change", () => {
    if (theme.value === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme.value;
    }
    try {
      localStorage.setItem("memlane-theme", theme.value);
    } catch {
      // It lasts as long as the page.
    }
  });
}

async function enter() {
  open?.leave.abort();
  open = null;
  const login = document.getElementById("login");
  try {
    who = await session();
  } catch (e) {
    who = null;
    frame.hidden = true;
    replace(login, h("div", { class: "login" }, h("main", null, h("h1", null, "Memlane"), problem(e, enter))));
    return;
  }
  if (!who) {
    frame.hidden = true;
    main.replaceChildren();
    openLogin(login, enter);
    return;
  }
  login.replaceChildren();
  frame.hidden = false;
  replace(document.getElementById("who"), who.csrf
    ? [who.name ? `Key ${who.name}, ` : "Signed in, ", `role ${who.role} `,
      h("button", { type: "button", class: "quiet", onclick: leaveSession }, "Sign out")]
    : "This server asks for no key.");
  await show();
}

async function leaveSession() {
  try {
    await signOut();
    who = null;
    await enter();
  } catch (e) {
    announce(e.message);
    replace(main, problem(e, leaveSession));
  }
}

addEventListener("hashchange", show);
addEventListener("memlane-signed-out", () => {
  if (who) {
    who = null;
    enter();
  }
});
buildFrame();
enter();
