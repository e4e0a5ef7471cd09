// Lanes: what waits, what runs, and what failed for good.

import { call, get } from "../api.js";
import { announce, h, said } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../poll.js";
import { spark } from "../parts/chart.js";
import { confirmDestruction } from "../parts/dialog.js";
import { isAdmin } from "../parts/memory.js";
import { empty } from "../parts/notice.js";
import { figures, head, place, section, table } from "../parts/page.js";

const KEPT = 60;
const LONGEST_WHOLE = 24;

export async function open(view, { signal, role }) {
  const lanes = place("lanes");
  const letters = place("dead letters");
  const queued = new Map();
  let lastLetters = "";
  view.append(...head("Lanes", "Tasks wait in their lane for a permit. A task that fails for good becomes a dead letter and can be replayed."),
    h("section", null, h("h2", { class: "unseen" }, "All lanes"), lanes.element), section("Dead letters", letters.element));
  const loadLetters = async () => {
    const page = await get("/dead-letters", null, signal);
    const all = page.deadLetters ?? [];
    // The table stays as it is while nothing changes, and with it the reader's place.
    if (JSON.stringify(all) !== lastLetters) {
      lastLetters = JSON.stringify(all);
      letters.show(letterTable(all, role, () => loadLetters().catch(letters.fail)));
    }
  };
  await Promise.all([
    poll({
      signal, every: 2_000,
      load: () => get("/lanes", null, signal),
      show: ({ lanes: all }) => {
        for (const lane of all) {
          queued.set(lane.lane, [...queued.get(lane.lane) ?? [], lane.queued].slice(-KEPT));
        }
        lanes.show(all.length === 0 ? empty("This server has no lanes.",
          h("p", null, "A program that contains the server says which lanes there are; ", h("code", null, "memlane serve"), " always has some.")) : laneCards(all, queued));
      },
      fail: lanes.fail,
    }),
    poll({ signal, every: 5_000, load: loadLetters, show: () => {}, fail: letters.fail }),
  ]);
}

function laneCards(lanes, queued) {
  const fact = (title, value) => [h("dt", null, title), h("dd", { class: "number" }, value)];
  const both = (p50, p99) => format.seconds(p99) ? `${format.duration(p50)}, ${format.duration(p99)}` : format.NONE;
  return h("div", { class: "endpoints" }, lanes.map((lane) => h("article", { class: "panel endpoint" },
    h("h3", null, said(lane.lane)),
    figures([["Running", format.number(lane.running)], ["Queued", format.number(lane.queued)], ["Retrying", format.number(lane.retrying)]]),
    h("div", null, h("div", { class: "section-head small" }, h("span", { class: "muted" }, "Queued while this page is open"),
      h("span", { class: "number" }, `most ${format.number(Math.max(...queued.get(lane.lane)))}`)), spark(queued.get(lane.lane))),
    h("dl", { class: "facts small" },
      fact("Waited, median and 99th percentile", both(lane.waitP50, lane.waitP99)),
      fact("Ran, median and 99th percentile", both(lane.runP50, lane.runP99)),
      fact("Submitted per second", format.rate(lane.submittedPerSecond)),
      fact("Completed per second", format.rate(lane.completedPerSecond)),
      fact("Completed", format.short(lane.completed)), fact("Retries", format.short(lane.retries)),
      fact("Failed for good", format.short(lane.failed)), fact("Refused", format.short(lane.refused)),
      fact("Cancelled", format.short(lane.cancelled))))));
}

function letterTable(letters, role, again) {
  if (letters.length === 0) {
    return empty("There are no dead letters.", h("p", null, "No task has failed for good."));
  }
  return table("Dead letters", [["Task"], ["Lane"], ["Failed"], ["Why"], ["Actions"]], letters.map((letter) => {
    const name = letter.name ?? letter.task?.name ?? letter.id;
    return [h("span", null, said(name), name !== letter.id && h("div", { class: "muted small code" }, letter.id)),
      laneName(letter.lane), format.when(letter.at), reasons(letter), isAdmin(role) ? actions(letter, name, again) : ""];
  }));
}

/** A lane's name on one line, as long as it is one that a person would choose. */
function laneName(name) {
  return h("span", { class: name.length <= LONGEST_WHOLE ? "one-line" : null }, said(name));
}

function reasons(letter) {
  const all = (letter.failures ?? (letter.reason ? [letter.reason] : [])).map((one) => typeof one === "string" ? one : one.message ?? "unknown");
  return all.length === 0 ? format.NONE : h("div", null, said(all.at(-1), "p"), all.length > 1
    && h("details", { "data-key": `why-${letter.id}` }, h("summary", null, `${all.length} attempts`), h("ol", null, all.map((one) => said(one, "li")))));
}

function actions(letter, name, again) {
  const about = () => h("span", { class: "unseen" }, ` task ${name}`);
  const path = `/dead-letters/${encodeURIComponent(letter.id)}`;
  return h("span", { class: "row" },
    letter.replayable === false ? h("span", { class: "muted small" }, "Its process has ended, so it can't be replayed.") : h("button", {
      type: "button", "data-key": `replay-${letter.id}`,
      onclick: async (event) => {
        event.currentTarget.disabled = true;
        try {
          await call("POST", `${path}/replay`, { body: {} });
          announce("The task is submitted again.");
        } catch (e) {
          announce(e.message);
        }
        await again();
      },
    }, "Replay", about()),
    h("button", {
      type: "button", class: "quiet danger", "data-key": `drop-${letter.id}`,
      onclick: async () => {
        const dropped = await confirmDestruction({
          title: "Drop this dead letter?",
          destroyed: [h("p", null, "The task ", said(name), " of lane ", said(letter.lane), " is destroyed and can't be replayed any more.")],
          action: "Drop the dead letter",
          submit: async () => await call("DELETE", path) ?? {},
          done: "The dead letter is dropped.",
        });
        if (dropped) {
          await again();
        }
      },
    }, "Drop", about()));
}
