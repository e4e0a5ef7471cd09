// Numbers, times and sizes as people read them.

import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const NONE = "–";

export function number(value) {
  return value === undefined || value === null ? NONE : whole.format(value);
}

/** A number that has to fit: 1,234 or 12.3K. */
export function short(value) {
  return value === undefined || value === null ? NONE : Math.abs(value) < 10_000 ? whole.format(value)
    : compact.format(value);
}

/** A rate or a score: as many digits as tell something. */
export function decimal(value, digits = 2) {
  return value === undefined || value === null ? NONE : Number(value).toFixed(digits);
}

export function rate(value) {
  if (value === undefined || value === null) {
    return NONE;
  }
  return value === 0 ? "0" : value < 10 ? value.toFixed(1) : short(value);
}

export function bytes(value) {
  if (value === undefined || value === null) {
    return NONE;
  }
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let left = value;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  return `${left < 10 && unit > 0 ? left.toFixed(1) : whole.format(left)} ${units[unit]}`;
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "1 memory", "2 memories". */
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Seconds of an ISO 8601 duration such as PT1M0.25S, or of a number; null if there is none. */
export function seconds(duration) {
  if (typeof duration === "number") {
    return duration;
  }
  const parts = /^(-)?P(?:(\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?$/.exec(duration ?? "");
  if (!parts) {
    return null;
  }
  const [, minus, days, hours, minutes, rest] = parts;
  const sum = Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(rest ?? 0);
  return minus ? -sum : sum;
}

/** A duration: 340 µs, 12 ms, 1.5 s, 3 min. */
export function duration(value) {
  const length = seconds(value);
  if (length === null) {
    return NONE;
  }
  if (length === 0) {
    return "0 ms";
  }
  if (length < 0.001) {
    return `${whole.format(length * 1e6)} µs`;
  }
  if (length < 0.01) {
    return `${(length * 1e3).toFixed(1)} ms`;
  }
  if (length < 1) {
    return `${whole.format(length * 1e3)} ms`;
  }
  if (length < 120) {
    return `${length < 10 ? length.toFixed(1) : whole.format(length)} s`;
  }
  return length < 7_200 ? `${Math.floor(length / 60)} min`
    : length < 172_800 ? `${Math.floor(length / 3_600)} h` : `${Math.floor(length / 86_400)} days`;
}

export function clockTime(date) {
  return clock.format(date);
}

export function absolute(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : dateTime.format(date);
}

function ago(date) {
  const past = (date.getTime() - Date.now()) / 1000;
  for (const [unit, length] of [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600],
    ["minute", 60]]) {
    if (Math.abs(past) >= length) {
      return relative.format(Math.trunc(past / length), unit);
    }
  }
  return Math.abs(past) < 5 ? "just now" : relative.format(Math.trunc(past), "second");
}

/** How long ago, with the exact time behind it. */
export function when(time) {
  if (!time) {
    return NONE;
  }
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time)
    : h("time", { datetime: time, title: absolute(time) }, ago(date));
}

/** The exact time, in the reader's zone. */
export function exactly(time) {
  return time ? h("time", { datetime: time, title: time }, absolute(time)) : NONE;
}
