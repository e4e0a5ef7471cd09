// Long work with its progress, and what is being settled.

import { call, get, url } from "../api.js";
import { announce, h, said } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../poll.js";
import { ask } from "../parts/dialog.js";
import { isAdmin } from "../parts/memory.js";
import { empty } from "../parts/notice.js";
import { head, place, section, table } from "../parts/page.js";
import { chips, isEmpty, link } from "../parts/scope.js";

const KINDS = { verify: "Comparison of the stores", import: "Import", export: "Export", reindex: "Reindexing", "model-change": "Change of the model",
  "delete-old-vectors": "Deletion of old vectors", sweep: "Sweep of expired memories",
  erase: "Erasure", delete: "Deletion" };
const STATES = { running: ["running", "is-good"], waiting: ["waiting", ""], done: ["done", ""], failed: ["failed", "is-bad"] };

export async function open(view, { signal, role }) {
  const report = h("div");
  const jobs = place("long work");
  const unsettled = place("unsettled operations");
  let refresh = () => {};
  view.append(
    ...head("Operations", "Imports, reindexing, sweeps, erasures and comparisons, and writes whose fate is not known yet.",
      isAdmin(role) && h("div", { class: "row" },
        h("button", { type: "button", onclick: () => verify(false, report, refresh) }, "Compare the stores"),
        h("button", { type: "button", onclick: () => verify(true, report, refresh) }, "Compare and repair"),
        h("a", { class: "button", href: url("/export"), download: "memlane.jsonl" }, "Export"))),
    report, section("Long work", jobs.element), section("Being settled", unsettled.element));
  const load = async () => (await get("/jobs", null, signal)).jobs ?? [];
  const show = (all) => jobs.show(all.length === 0
    ? empty("Nothing has run since the server began.", h("p", null, "An import, a comparison or an erasure appears here with its progress."))
    : jobTable(all));
  refresh = () => load().then(show, jobs.fail);
  await Promise.all([
    poll({ signal, every: 1_500, load, show, fail: jobs.fail }),
    poll({
      signal, every: 5_000,
      load: () => get("/statistics", null, signal),
      show: (statistics) => unsettled.show(settling(statistics)),
      fail: unsettled.fail,
    }),
  ]);
}

function jobTable(all) {
  return table("Long work", [["Work"], ["State"], ["Progress"], ["Began"], ["Took", true]], all.map((job) => {
    const [name, look] = STATES[job.state] ?? [job.state, ""];
    const title = KINDS[job.kind] ?? job.kind;
    const end = job.endedAt ? new Date(job.endedAt) : new Date();
    return [
      h("span", null, title, job.scope && !isEmpty(job.scope) && h("div", { class: "chips" }, chips(job.scope))),
      h("span", { class: `badge ${look}` }, name),
      progress(job, title), format.when(job.startedAt),
      job.startedAt ? format.duration(Math.max(0, (end - new Date(job.startedAt)) / 1000)) : format.NONE];
  }));
}

function progress(job, title) {
  if (job.problem) {
    return said(typeof job.problem === "string" ? job.problem : job.problem.detail ?? "failed");
  }
  if (job.state !== "running") {
    return job.result ? resultText(job.result) : job.done !== undefined ? format.number(job.done) : "";
  }
  const known = job.total > 0;
  return [h("progress", { "aria-label": title, max: known && job.total, value: known ? job.done : null }),
    h("span", { class: "small number" }, known ? `${format.number(job.done)} of ${format.number(job.total)}` : format.number(job.done))];
}

function resultText(result) {
  if (Array.isArray(result.inconsistencies)) {
    return `${result.inconsistencies.length === 0 ? "The stores agree" : format.count(result.inconsistencies.length, "difference")
      }${result.repaired ? `, ${format.number(result.repaired)} repaired` : ""}`;
  }
  return Object.entries(result).filter(([, value]) => typeof value === "number")
    .map(([name, value]) => `${name} ${format.number(value)}`).join(", ");
}

function settling({ unsettled = [], unindexed = [] }) {
  const memory = (id) => h("a", { href: link(`memories/${id}`), class: "code" }, id);
  return unsettled.length + unindexed.length === 0
    ? empty("Nothing is being settled.", h("p", null, "The fate of each write is known, and the index holds all memories."))
    : table("Being settled", [["Memory"], ["What"], ["Why"]], [
      ...unsettled.map((one) => [memory(one.id), "It is being found out whether the write landed.", ["Operation ", h("code", null, one.op)]]),
      ...unindexed.map((one) => [memory(one.memory), "Searches miss it until the index follows.", said(one.problem)])]);
}

async function verify(repair, container, refresh) {
  const answer = await ask({
    title: repair ? "Compare the stores and repair?" : "Compare the stores?",
    content: h("p", null, repair
      ? "All three stores are read and compared. Where the index differs from core, its documents are written again. Core and history stay as they are."
      : "All three stores are read and compared. Nothing is changed."),
    action: repair ? "Compare and repair" : "Compare",
    submit: () => call("POST", "/verify", { query: { repair } }),
  });
  if (answer === undefined) {
    return;
  }
  refresh();
  const differences = answer?.inconsistencies ?? [];
  const text = !Array.isArray(answer?.inconsistencies) ? "The comparison has begun; its progress is below."
    : differences.length === 0 ? `The stores agree: ${format.count(answer.core, "memory", "memories")}, ${format.count(answer.history, "history entry", "history entries")
    }, ${format.count(answer.vector, "document")}.`
      : `${format.count(differences.length, "difference")} found, ${format.number(answer.repaired)} repaired.`;
  announce(text);
  container.replaceChildren(h("div", { class: `notice ${differences.length > 0 ? "is-warn" : ""}` }, h("p", null, text),
    differences.length > 0 && table("Differences", [["Memory"], ["Difference"]], differences.slice(0, 100).map((one) =>
      [h("a", { href: link(`memories/${one.memory}`), class: "code" }, one.memory), said(one.problem)]))));
}
