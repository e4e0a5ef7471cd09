// Builds elements. Texts become text nodes and nothing else, so what a user wrote can't become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Properties that begin with "on" take a function; null and false leave a property or child out. */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element. */
export function svg(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      if (typeof value !== "function") {
        throw new TypeError(`${name} must be a function`);
      }
      element.addEventListener(name.slice(2), value);
    } else if (name === "value") {
      element.value = value;
    } else if (name === "href" && !/^(#|\/(?!\/))/.test(value)) {
      throw new TypeError("a link must stay within this server");
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** A text that came from a user, with a direction of its own. */
export function said(text, tag = "bdi") {
  return h(tag, { class: "said", dir: "auto" }, text);
}

/**
 * Replaces what an element holds. The focus stays where it was: on the element with the same data-key or id. If that is
 * gone, it goes to the container.
 */
export function replace(container, ...children) {
  const active = document.activeElement;
  const inside = active && active !== container && container.contains(active);
  const open = new Set([...container.querySelectorAll("details[data-key][open]")].map((one) => one.dataset.key));
  container.replaceChildren();
  append(container, children);
  for (const details of container.querySelectorAll("details[data-key]")) {
    details.open ||= open.has(details.dataset.key);
  }
  if (inside) {
    const again = [...container.querySelectorAll("[data-key], [id]")].find((one) =>
      active.dataset.key ? one.dataset.key === active.dataset.key : active.id && one.id === active.id);
    if (again) {
      again.focus({ preventScroll: true });
    } else {
      container.tabIndex = -1;
      container.focus({ preventScroll: true });
    }
  }
}

/** Tells a screen reader something that others see. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = live.textContent === text ? `${text}\u00a0` : text;
}

let ids = 0;

/** An id for an element that a label or a description refers to. */
export function newId() {
  return `e${++ids}`;
}
