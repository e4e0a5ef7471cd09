// A hit's score as a picture: what came from meaning, from words and from its run, and what was taken away for what it is
// and for its age.

import { h, svg } from "../dom.js";
import { decimal } from "../format.js";
import { swatch } from "./chart.js";

/** What each factor is for, by its name. */
const FACTORS = {
  ACTORS: "for not being by those that the question names",
  TIMES: "for being of another time than the question names",
  SHORT_TEXTS: "for being short",
  QUESTIONS: "for being a question",
};

export function scorePicture(score, explanation) {
  if (!explanation) {
    return null;
  }
  if (explanation.reranked !== undefined && explanation.reranked !== null) {
    return picture([{ tone: "tone-first", share: score }], 0, [
      h("li", null, swatch("tone-first"), `re-ranker ${decimal(score)}, which replaces all other scores`)]);
  }
  const { semantic, lexical, lent = 0, lentByRun = 0, factors = {}, recency = 1 } = explanation;
  const parts = [
    semantic && { tone: "tone-first", share: semantic.share,
      text: `meaning ${decimal(semantic.share)} (cosine ${decimal(semantic.score)}, ${place(semantic.rank)})` },
    lexical && { tone: "tone-second", share: lexical.share,
      text: `words ${decimal(lexical.share)} (BM25 ${decimal(lexical.score)}, ${place(lexical.rank)})` },
    lent > 0.0005 && { tone: "tone-quiet", share: lent, text: `neighbours in its run ${decimal(lent)}` },
    lentByRun > 0.0005 && { tone: "tone-quiet", share: lentByRun, text: `the best of its run ${decimal(lentByRun)}` },
  ].filter(Boolean);
  const legend = parts.map((part) => h("li", null, swatch(part.tone), part.text));
  for (const [name, factor] of Object.entries(factors)) {
    legend.push(h("li", null, `times ${decimal(factor)} ${FACTORS[name] ?? name}`));
  }
  if (recency < 0.9995) {
    legend.push(h("li", null, `times ${decimal(recency)} for its age`));
  }
  const left = Object.values(factors).reduce((product, factor) => product * factor, recency);
  const whole = parts.reduce((sum, part) => sum + part.share, 0);
  return picture(parts.map((part) => ({ tone: part.tone, share: part.share * left })), whole * (1 - left), legend);
}

function picture(parts, lost, legend) {
  let at = 0;
  const segments = parts.map((part) => {
    const width = Math.min(part.share, 1 - at) * 100;
    const segment = svg("rect", { class: `segment ${part.tone}`, x: at * 100, width: Math.max(0, width - 0.3), height: 12 });
    at = Math.min(1, at + part.share);
    return segment;
  });
  return h("div", { class: "score" },
    svg("svg", { class: "score-bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 12 }), segments,
      lost > 0.001 && svg("rect", { class: "lost", x: at * 100 + 0.2, y: 1, width: Math.min(lost, 1 - at) * 100, height: 10,
        "vector-effect": "non-scaling-stroke" })),
    legend && h("ul", { class: "legend" }, legend));
}

/** The similarity of two vectors as a bar. */
export function similarityPicture(similarity) {
  return picture([{ tone: "tone-first", share: Math.max(0, similarity) }], 0, null);
}

/** "best", "2nd best", "3rd best". */
function place(rank) {
  if (rank === 1) {
    return "best";
  }
  const ending = new Intl.PluralRules("en", { type: "ordinal" }).select(rank);
  return `${rank}${{ one: "st", two: "nd", few: "rd", other: "th" }[ending]} best`;
}
