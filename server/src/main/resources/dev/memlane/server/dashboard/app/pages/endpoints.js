// Embedding endpoints: the live monitor of a pool.

import { get } from "../api.js";
import { h, said } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../poll.js";
import { gauge, spark } from "../parts/chart.js";
import { empty } from "../parts/notice.js";
import { figures, head, place, section } from "../parts/page.js";

const KEPT = 90;
const STATES = {
  SERVING: ["serving", "is-good", "It gets as many requests as it accepts."],
  PAUSED: ["paused", "is-warn", "It asked to be left alone for a while."],
  OPEN: ["breaker open", "is-bad", "It failed too often. One request now and then probes whether it works again."],
  OUT: ["key denied", "is-bad", "It denied its key. One request in five minutes probes whether it still does."],
};

export async function open(view, { signal }) {
  const sums = place("embedding");
  const endpoints = place("endpoints");
  const rates = new Map();
  view.append(...head("Embedding endpoints", "Texts wait bound to no endpoint, and go to the one that has a permit first."), sums.element,
    section("Endpoints", endpoints.element));
  await poll({
    signal, every: 1_500,
    load: () => get("/embedding-endpoints", null, signal),
    show: (stats) => {
      sums.show(summary(stats));
      for (const one of stats.endpoints ?? []) {
        rates.set(one.name, [...rates.get(one.name) ?? [], one.itemsPerSecond].slice(-KEPT));
      }
      endpoints.show((stats.endpoints ?? []).length === 0
        ? empty("No endpoints.", h("p", null, "The model runs inside this process, so there is nothing to reach over the network."))
        : h("div", { class: "endpoints" }, stats.endpoints.map((one) => card(one, rates.get(one.name)))));
    },
    fail: (error) => {
      sums.fail(error);
      endpoints.fail(error);
    },
  });
}

function summary(stats) {
  const lookups = stats.hits + stats.misses + stats.coalesced;
  const perSecond = (stats.endpoints ?? []).reduce((sum, one) => sum + one.itemsPerSecond, 0);
  return figures([
    ["Texts per second", format.rate(perSecond), `${format.short(stats.embedded)} embedded in all`],
    ["Waiting", format.number(stats.waiting), `room for ${format.short(stats.capacity)} in requests`],
    ["Requests in flight", format.number(stats.inFlight), `${format.short(stats.requests)} sent, ${format.short(stats.retries)} retries`],
    ["From the cache", lookups === 0 ? format.NONE : `${Math.round(stats.hits / lookups * 100)} %`, format.bytes(stats.cacheBytes)],
    ["Failed", format.short(stats.failed), `${format.short(stats.refused)} refused, too many waited`, stats.failed > 0 && "warn"],
  ]);
}

/** Zero means that there was no answer lately. */
function latency(value) {
  return format.seconds(value) ? format.duration(value) : format.NONE;
}

function card(one, rates) {
  const [name, look, meaning] = STATES[one.state] ?? [String(one.state).toLowerCase(), "", ""];
  const fact = (title, value) => [h("dt", null, title), h("dd", { class: "number" }, value)];
  return h("article", { class: "panel endpoint" },
    h("div", { class: "section-head" }, h("h3", null, said(one.name)), h("span", { class: `badge ${look}`, title: meaning }, name)),
    one.reason && h("p", { class: "reason small" }, said(one.reason)),
    h("div", null, h("div", { class: "section-head small" }, h("span", { class: "muted" }, "In flight"),
      h("span", { class: "number" }, `${format.number(one.inFlight)} of ${format.number(one.limit)}`)),
    gauge(one.inFlight, one.limit, one.state === "OPEN" || one.state === "OUT")),
    h("div", null, h("div", { class: "section-head small" }, h("span", { class: "muted" }, "Texts per second"),
      h("span", { class: "number" }, format.rate(one.itemsPerSecond))), spark(rates)),
    h("dl", { class: "facts small" },
      fact("Answers, median", latency(one.p50)), fact("99th percentile", latency(one.p99)),
      fact("Answered", `${format.number(one.succeeded)} of ${format.count(one.requests, "request")}`),
      fact("Refused as busy", format.short(one.busy)), fact("Failed", format.short(one.failed)),
      fact("Retries", format.short(one.retries))));
}
