// What the memory holds and does, and whether anything needs a hand.

import { get } from "../api.js";
import { h, replace, said } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../poll.js";
import { timeChart } from "../parts/chart.js";
import { memoryItem } from "../parts/memory.js";
import { addCommand, empty, isUnavailable } from "../parts/notice.js";
import { figures, head, place, section, table } from "../parts/page.js";
import { link } from "../parts/scope.js";

const GROUPS = [
  { name: "stored, replaced or deleted", tone: "tone-first", outcomes: ["stored", "replaced", "deleted"] },
  { name: "there already", tone: "tone-second", outcomes: ["duplicate"] },
  { name: "not written", tone: "tone-bad", outcomes: null },
];
const KNOWN = GROUPS.flatMap((group) => group.outcomes ?? []);
const MOST_POINTS = 120;

export async function open(view, { signal, role, hasKey }) {
  const state = h("div");
  const status = place("the memory's status");
  const newest = place("memories");
  const background = place("work in the background");
  const writes = timeChart({ title: "Writes per second", series: GROUPS, stacked: true, format: format.rate });
  const latency = timeChart({ title: "Search latency", stacked: false, format: format.duration,
    series: [{ name: "median", tone: "tone-first" }, { name: "99th percentile", tone: "tone-second" }] });
  const charts = place("charts");
  const outcomes = place("outcomes");
  let chartsShown = false;
  let latest = {};

  view.append(...head("Overview"), state, status.element, charts.element,
    h("div", { class: "columns" }, section("Writes by outcome", outcomes.element),
      section("Work in the background", background.element)),
    section("Newest memories", newest.element, h("a", { href: "#/memories" }, "All memories")));

  const update = (more) => {
    latest = { ...latest, ...more };
    showStatus(latest, state, status);
  };
  const optional = async (path) => {
    try {
      return await get(path, null, signal);
    } catch (e) {
      if (isUnavailable(e)) {
        return null;
      }
      throw e;
    }
  };
  await Promise.all([
    poll({
      signal, every: 3_000,
      load: () => get("/status", null, signal),
      show: (data) => {
        update({ status: data });
        background.show(backgroundTable(data.background ?? []));
      },
      fail: (error) => {
        status.fail(error);
        background.fail(error);
      },
    }),
    poll({
      signal, every: 20_000,
      load: () => Promise.all([get("/statistics", null, signal), optional("/jobs")]),
      show: ([statistics, jobs]) => update({ statistics, jobs: jobs?.jobs }),
      fail: (error) => error && !isUnavailable(error) && status.fail(error),
    }),
    poll({
      signal, every: 3_000,
      load: () => get("/metrics-summary", null, signal),
      show: (summary) => {
        update({ summary });
        if (!chartsShown) {
          chartsShown = true;
          charts.show(h("div", { class: "columns even" }, h("div", { class: "panel" }, writes.element),
            h("div", { class: "panel" }, latency.element)));
        }
        writes.update(writePoints(summary.samples ?? []));
        latency.update(latencyPoints(summary.samples ?? []));
        outcomes.show(outcomeTable(summary));
      },
      fail: (error) => {
        charts.fail(error);
        outcomes.fail(error);
      },
    }),
    poll({
      signal, every: 15_000,
      load: () => get("/memories", { order: "newest", limit: 5 }, signal),
      show: ({ memories }) => newest.show(memories.length > 0
        ? h("div", { class: "memories" }, memories.map((memory) => memoryItem(memory)))
        : empty("There is no memory yet. Add a first one:", addCommand(hasKey))),
      fail: newest.fail,
    }),
  ]);
}

function showStatus({ status, statistics, summary, jobs }, state, place) {
  if (!status) {
    return;
  }
  const verify = summary?.lastVerify ?? lastVerify(jobs);
  const index = status.index;
  const samples = summary?.samples ?? [];
  const recent = samples.slice(-10);
  const perSecond = recent.length === 0 ? null
    : recent.reduce((sum, one) => sum + total(one.writes), 0) / recent.length / (summary.interval ?? 1);
  replace(state, needs(status, verify));
  place.show(figures([
    ["Memories", statistics ? format.short(statistics.memories) : format.NONE,
      statistics && `${format.short(statistics.entries)} history entries`],
    ["Index", index ? format.short(index.documents) : "not open",
      index ? `documents, ${format.count(index.segments, "segment")}` : "being reopened", index ? null : "bad"],
    ["On disk", statistics ? format.bytes((statistics.coreBytes ?? 0) + (statistics.historyBytes ?? 0) + (index?.bytes ?? 0)) : format.NONE,
      index && `index ${format.bytes(index.bytes)}`],
    ["Writes per second", perSecond === null ? format.NONE : format.rate(perSecond),
      `${format.number(status.writesInFlight)} in flight, ${format.number(status.writesWaiting + status.unitsWaiting)} waiting`],
    ["Search, median", summary?.searches?.count ? format.duration(summary.searches.p50) : format.NONE,
      summary?.searches?.count ? `99th percentile ${format.duration(summary.searches.p99)}` : "no searches yet"],
    ["Follower lag", status.followerLag ? format.duration(status.followerLag) : "none",
      status.followerLag ? "behind other processes" : "follows no other process"],
    ["Unsettled", format.number(status.unsettled), status.unsettled ? "being settled" : "all fates known", status.unsettled && "warn"],
    ["Unindexed", format.number(status.unindexed), status.unindexed ? "searches miss them" : "searches see all", status.unindexed && "warn"],
    ["Last verify", verify ? verify.isClean ? "agree" : format.number(verify.differences) : "not yet",
      verify ? [verify.isClean ? "" : "differences, ", format.when(verify.at)] : h("a", { href: "#/operations" }, "Compare the stores"),
      verify && !verify.isClean && "bad"],
  ]));
}

/** The last comparison of the stores: { at, isClean, differences }. */
function lastVerify(jobs) {
  const job = jobs?.filter((one) => one.kind === "verify" && one.result).sort((a, b) =>
    String(b.endedAt).localeCompare(String(a.endedAt)))[0];
  const differences = job?.result.inconsistencies?.length ?? 0;
  return job && { at: job.endedAt, differences, isClean: differences === 0 };
}

/** One sentence if all is well; otherwise what is not. */
function needs(status, verify) {
  const problems = [];
  if (status.indexProblem) {
    problems.push(["The index can't be read and is being reopened: ", said(status.indexProblem)]);
  }
  for (const work of status.background ?? []) {
    if (isFailing(work)) {
      problems.push([`${format.capitalised(work.name)} failed `, format.when(work.lastFailure), ": ", said(work.lastProblem ?? "")]);
    }
  }
  const endpoints = status.embedding?.endpoints ?? [];
  const away = endpoints.filter((one) => one.state !== "SERVING");
  if (away.length > 0) {
    problems.push([away.length === 1 ? "An embedding endpoint does" : `${away.length} of ${endpoints.length} embedding endpoints do`,
      " not serve. ", h("a", { href: "#/endpoints" }, "See the endpoints")]);
  }
  if (status.unsettled > 0) {
    problems.push([`${format.count(status.unsettled, "operation is", "operations are")} being settled. `,
      h("a", { href: "#/operations" }, "See the operations")]);
  }
  if (status.unindexed > 0) {
    problems.push([`${format.count(status.unindexed, "memory is", "memories are")} missing in searches until the index follows.`]);
  }
  if (verify && !verify.isClean) {
    problems.push(["The last comparison found differences between the stores. ", h("a", { href: "#/operations" }, "Repair them")]);
  }
  return problems.length === 0
    ? h("p", { class: "notice" }, "All is well: nothing needs your attention.")
    : h("div", { class: `notice ${status.indexProblem ? "is-bad" : "is-warn"}` },
      h("p", { class: "title" }, problems.length === 1 ? "One thing needs attention" : `${problems.length} things need attention`),
      h("ul", null, problems.map((one) => h("li", null, one))));
}

function isFailing(work) {
  return work.lastFailure && (!work.lastSuccess || new Date(work.lastSuccess) < new Date(work.lastFailure));
}

function backgroundTable(works) {
  return works.length === 0 ? h("p", { class: "muted" }, "Nothing has been done in the background yet.")
    : table("Work in the background", [["Work"], ["State"], ["Last success"]], works.map((work) => [
      format.capitalised(work.name),
      isFailing(work) ? [h("span", { class: "badge is-bad" }, "failing"), " ", said(work.lastProblem ?? "")]
        : work.lastSuccess ? h("span", { class: "badge is-good" }, "works") : h("span", { class: "badge" }, "not needed yet"),
      format.when(work.lastSuccess)]));
}

const OUTCOMES = { stored: "stored", replaced: "replaced", deleted: "deleted", duplicate: "there already", rolledBack: "rolled back",
  conflict: "in conflict", unpurged: "deleted, not erased", notFound: "not found", wasDeleted: "was deleted", refused: "refused",
  unsettled: "unsettled" };

function outcomeTable(summary) {
  const all = Object.entries(summary.writes ?? {}).filter(([, times]) => times > 0).sort((a, b) => b[1] - a[1]);
  const sum = total(summary.writes);
  return all.length === 0 ? h("p", { class: "muted" }, "Nothing has been written since the server began.")
    : table("Writes by outcome since the server began", [["Outcome"], ["Writes", true], ["Share", true]],
      all.map(([name, times]) => [OUTCOMES[name] ?? name, format.number(times), `${(times / sum * 100).toFixed(1)} %`]));
}

function total(writes) {
  return Object.values(writes ?? {}).reduce((sum, one) => sum + one, 0);
}

/** Neighbouring samples together, so that there are not more points than can be seen. */
function grouped(samples) {
  const size = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const groups = [];
  for (let end = samples.length; end > 0; end -= size) {
    groups.unshift(samples.slice(Math.max(0, end - size), end));
  }
  return groups;
}

function writePoints(samples) {
  return grouped(samples).map((group) => {
    const sums = GROUPS.map(() => 0);
    for (const sample of group) {
      for (const [outcome, times] of Object.entries(sample.writes ?? {})) {
        sums[KNOWN.includes(outcome) ? GROUPS.findIndex((one) => one.outcomes?.includes(outcome)) : GROUPS.length - 1] += times;
      }
    }
    return { time: new Date(group.at(-1).at), values: sums.map((sum) => sum / group.length) };
  });
}

function latencyPoints(samples) {
  const slowest = (group, name) => {
    const all = group.filter((one) => one.searches > 0).map((one) => format.seconds(one[name])).filter((one) => one !== null);
    return all.length === 0 ? null : Math.max(...all);
  };
  return grouped(samples).map((group) =>
    ({ time: new Date(group.at(-1).at), values: [slowest(group, "p50"), slowest(group, "p99")] }));
}
