// Every page, wide and narrow, light and dark, with data for every state: accessible, within the window, without complaints.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EVERYTHING, PAGES, complete, launch, openWindow, overflow, violations, visit } from "./browser.mjs";
import { startStub } from "./stub-api.mjs";

let browser;
let full;
let none;
let keyed;

before(async () => {
  [browser, full, none, keyed] = await Promise.all([launch(), startStub(), startStub({ isEmpty: true }), startStub({ key: "mk_test" })]);
});

after(() => Promise.all([browser?.close(), full?.close(), none?.close(), keyed?.close()]));

/** Both widths and both themes; what they share is the same in the other two combinations. */
const WINDOWS = [{ width: 1280, dark: false }, { width: 360, height: 760, dark: true }];

for (const size of WINDOWS) {
  const name = `${size.width}_${size.dark ? "dark" : "light"}`;

  test(`pages_${name}_areAccessibleAndFit`, async () => {
    const window = await openWindow(browser, size);
    const edited = [...full.data.memories.values()].find((memory) => memory.version > 1);
    const fact = [...full.data.memories.values()].find((memory) => memory.metadata["fact.kind"]);
    const hostile = [...full.data.memories.values()].find((memory) => memory.content.startsWith("<img"));
    // A narrow window is the harder one to fit into. The wide one is checked on those pages that differ there.
    const pages = size.width < 500 || EVERYTHING
      ? [...PAGES, `#/memories/${edited.id}`, `#/memories/${hostile.id}`, `#/memories/${fact.id}`, "#/conversations",
        "#/nowhere"]
      : ["#/", PAGES[2], `#/memories/${edited.id}`, `#/memories/${fact.id}`, "#/lanes"];
    const emptyPages = size.dark || EVERYTHING ? PAGES : [];
    for (const [url, hash] of [...pages.map((one) => [full.url, one]), ...emptyPages.map((one) => [none.url, one])]) {
      await visit(window.page, url, hash);
      for (const summary of await window.page.locator("details.sources > summary").all()) {
        await summary.click();
      }
      await window.page.locator(".loading").waitFor({ state: "detached" });
      const where = `${hash} of ${url === full.url ? "the full" : "the empty"} server`;
      assert.deepEqual(await violations(window.page), [], where);
      assert.ok(await overflow(window.page) <= 0, `${where} is wider than the window`);
    }
    assert.deepEqual(window.complaints, []);
    await window.close();
  });

  test(`dialogsAndLogin_${name}_areAccessibleAndFit`, async () => {
    const window = await openWindow(browser, size);
    await visit(window.page, full.url, "#/memories?user=ada");
    for (const button of ["Edit", "Delete", "Erase"]) {
      await window.page.locator(".memory").first().getByRole("button", { name: button }).click();
      await window.page.getByRole("dialog").waitFor();
      assert.deepEqual(await violations(window.page), [], button);
      assert.ok(await overflow(window.page) <= 0, button);
      await window.page.keyboard.press("Escape");
      await window.page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await window.page.goto(keyed.url);
    await window.page.getByLabel("API key").fill("mk_wrong");
    await window.page.getByRole("button", { name: "Sign in" }).click();
    await window.page.getByRole("alert").waitFor();
    assert.deepEqual(await violations(window.page), [], "login");
    assert.deepEqual(window.complaints, []);
    await window.close();
  });
}

test("theme_chosen_staysAfterReload", async () => {
  const window = await openWindow(browser);
  await visit(window.page, full.url);
  const light = await window.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await window.page.getByLabel("Theme").selectOption("dark");
  await window.page.reload();
  await complete(window.page);
  assert.notEqual(await window.page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
  assert.equal(await window.page.getByLabel("Theme").inputValue(), "dark");
  await window.close();
});
