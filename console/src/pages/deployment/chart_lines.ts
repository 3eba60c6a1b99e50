/** What the charts of a deployment draw, from its history. */
import type { History, Series } from "../../api/types";
import type { Line } from "../../charts/chart";
import { sum } from "../../charts/summary";
import { FIRST_BYTE, TOTAL } from "../../api/stages";

/** Asks for a chart of every stage. */
export const EACH = "each";

const STATUS_TONES: Record<string, string> = { "2xx": "good", "3xx": "send", "4xx": "warn", "5xx": "bad", none: "queue" };
const ERROR_TONES: Record<string, string> = {
  finished_4xx: "send",
  finished_5xx: "postprocess",
  refused: "warn",
  expired: "cold_start",
  overran: "preprocess",
  abandoned: "queue",
  lost: "bad",
};
const SHARE_TONES: Record<string, string> = { p50: "good", p90: "accent", p95: "warn", p99: "bad" };

/** "Time in all", "time to the first byte", "time in predict". */
export function timeWords(stage: string): string {
  if (stage === TOTAL) return "in all";
  return stage === FIRST_BYTE ? "to the first byte" : `in ${stage.replace("_", " ")}`;
}

/** In all and to the first byte stand beside each other; a stage in the place of the first. */
export function stagesShown({ stages }: Pick<History, "stages">, asked: string): string[] {
  if (asked === EACH) return Object.keys(stages);
  return [...new Set([asked, FIRST_BYTE])];
}

export const loadLines = (history: History): Line[] => [
  { label: "in flight", colour: "accent", values: history.in_flight },
  { label: "in flight + queued", colour: "warn", values: sum(history.in_flight, history.queued) },
  { label: "capacity", colour: "soft", values: history.capacity, isDashed: true, isStepped: true },
];

export const replicaLines = (history: History): Line[] => [
  { label: "desired", colour: "soft", values: history.desired, isDashed: true, isStepped: true },
  { label: "ready", colour: "good", values: history.ready, isStepped: true },
];

export function quantileLines({ at }: Pick<History, "at">, quantiles: Record<string, Series> | undefined): Line[] {
  return Object.entries(SHARE_TONES).map(([label, colour]) => ({ label, colour, values: quantiles?.[label] ?? at.map(() => null) }));
}

export const statusLines = ({ statuses }: Pick<History, "statuses">): Line[] =>
  Object.entries(statuses).map(([label, values]) => ({ label, colour: STATUS_TONES[label] ?? "accent", values }));

/** Of the kinds that there were. */
export const errorLines = ({ errors }: Pick<History, "errors">): Line[] =>
  Object.entries(errors)
    .filter(([, values]) => values.some((one) => (one ?? 0) > 0))
    .map(([kind, values]) => ({ label: kind.replace("finished_", "answered "), colour: ERROR_TONES[kind] ?? "accent", values }));
