// A browser for tests, which collects whatever a page complains about.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Whether every page is checked in every window; otherwise some of those that differ little are left out. */
export const EVERYTHING = process.env.MEMLANE_DASHBOARD === "all";

export const PAGES = ["#/", "#/memories", "#/memories?user=ada&q=where+do+we+live+in+Porto&halfLife=P7D&filter=exists%3Atopic%3A",
  "#/conversations?user=ada&run=1", "#/lanes", "#/endpoints", "#/operations"];

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
}

/** A window: { page, complaints, close() }. Complaints are errors of scripts, of the console and of the security policy. */
export async function openWindow(browser, { width = 1280, height = 900, dark = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // A refused call is logged by the browser itself; the page shows it.
    if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  page.on("dialog", (dialog) => {
    complaints.push(`a script opened a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return { page, complaints, close: () => context.close() };
}

/** Goes to a page and waits until it is complete. */
export async function visit(page, url, hash = "#/") {
  await page.goto("about:blank");
  await page.goto(`${url}/${hash}`);
  await complete(page);
}

/** Waits until the page that the address names is complete. */
export async function complete(page) {
  await page.locator("#main:not([aria-busy]) h1").waitFor();
  await page.locator("#main .loading").waitFor({ state: "detached" });
}

/** What the accessibility checker finds wrong, with the elements. */
export async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 5).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** By how many pixels the page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
