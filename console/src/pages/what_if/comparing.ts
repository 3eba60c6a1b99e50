/** What is compared, and how it differs: questions, rows and lines. */
import type { Comparison, Outlook, SettingValues, Trial } from "../../api/types";
import type { Line } from "../../charts/chart";
import { count, digits, seconds } from "../../format";
import { type Judged, type Setting, settingsOf } from "../deployment/setting_fields";

export const PLACES = "predict_concurrency";

/** What can be tried, in this order. */
const TRIED = [
  "concurrency_target",
  PLACES,
  "min_replica",
  "max_replica",
  "target_utilization_percentage",
  "autoscaling_window",
  "scale_down_delay",
];

export const RANGES: [number, string][] = [
  [900, "15 minutes"],
  [3600, "1 hour"],
  [10_800, "3 hours"],
  [86_400, "24 hours"],
];

/** A time that has passed: so many seconds until now, or between two instants. */
export type Span = { seconds: number } | { since: number; until: number };

export function triedOf(description: unknown): Setting[] {
  const places: Setting = {
    name: PLACES,
    type: "integer",
    meaning: "requests in predict at once, in one replica",
    unit: "",
    initial: 1,
    low: 1,
    high: 1000,
    choices: [],
  };
  const known = [...settingsOf(description), places];
  return TRIED.flatMap((name) => known.filter((one) => one.name === name));
}

/** How far a slider goes: as far as is likely to be meant, given what is in force. The field beside it takes all. */
export function reach({ name, low = 0, high = 100 }: Setting, present: number): { low: number; high: number; step: number } {
  if (name === "autoscaling_window") return { low, high: Math.max(600, present), step: 10 };
  if (name === "scale_down_delay") return { low, high, step: 10 };
  if (name === "target_utilization_percentage") return { low, high, step: 1 };
  return { low, high: Math.min(high, Math.max(16, present * 4)), step: 1 };
}

/** What the settings' own route takes of the changes; predict concurrency is none of the settings. */
export function settable({ changes }: Judged): SettingValues {
  return Object.fromEntries(Object.entries(changes).filter(([name]) => name !== PLACES));
}

/** What is supposed to be otherwise. */
export interface Supposed {
  changes: SettingValues;
  predict_concurrency: number | null;
  slo: number | null;
}

export function supposedOf(judged: Judged, slo: number | null): Supposed {
  const places = judged.changes[PLACES];
  return { changes: settable(judged), predict_concurrency: places === undefined ? null : Number(places), slo };
}

export interface Compared {
  label: string;
  recorded: string;
  before: string;
  after: string;
  difference: string;
  /** Less is better of everything here. */
  tone: "good" | "bad" | "soft";
}

export function bill({ before, after }: Comparison, slo: number | null): Compared[] {
  const rows: [string, (of: Trial) => number, (value: number) => string][] = [
    ["replica-hours", (of) => of.replica_hours, precise],
    ["replicas at most", (of) => of.most_replicas, count],
    ["replicas started", (of) => of.starts, count],
    ["requests that met no replica", (of) => of.cold_starts, count],
    ["requests that failed", failed, count],
  ];
  if (slo !== null) rows.push([`failed or over ${seconds(slo)}`, (of) => of.slo_misses, count]);
  return rows.map(([label, of, format]) => compared(label, of(before), of(after), format));
}

export function waits({ recorded, before, after }: Comparison): Compared[] {
  const stages: [string, string][] = [
    ["wait", "slot wait"],
    ["gate_wait", "gate wait"],
    ["latency", "latency"],
  ];
  return stages.flatMap(([stage, label]) =>
    ["p50", "p95", "p99"].map((share) => {
      const [seen, present, changed] = [recorded, before.stages, after.stages].map((one) => one[stage]?.[share] ?? null);
      return { ...compared(`${label}, ${share}`, present ?? null, changed ?? null, seconds), recorded: seconds(seen) };
    }),
  );
}

/** The few numbers that stand beside an advice. */
export function outlook(before: Outlook, after: Outlook): Compared[] {
  return [
    compared("slot wait, p50", before.wait_p50, after.wait_p50, seconds),
    compared("slot wait, p95", before.wait_p95, after.wait_p95, seconds),
    compared("latency, p95", before.latency_p95, after.latency_p95, seconds),
    compared("replica-hours", before.replica_hours, after.replica_hours, precise),
  ];
}

const precise = (value: number): string => (value < 1 ? String(Number(value.toPrecision(3))) : digits(value));

function failed(of: Trial): number {
  return of.requests - (of.outcomes.finished ?? 0);
}

function compared(label: string, before: number | null, after: number | null, format: (value: number) => string): Compared {
  const shown = (value: number | null): string => (value === null ? "–" : format(value));
  const [first, second] = [shown(before), shown(after)];
  // What reads the same is the same: nobody sees what would be better of it.
  const { text, tone } = first === second ? difference(before, before) : difference(before, after);
  return { label, recorded: "", before: first, after: second, difference: text, tone };
}

/** In percent of what it was. */
export function difference(before: number | null, after: number | null): { text: string; tone: Compared["tone"] } {
  if (before === null || after === null) return { text: "–", tone: "soft" };
  if (before === 0) return after === 0 ? { text: "0%", tone: "soft" } : { text: "from none", tone: "bad" };
  const percent = Math.round(((after - before) / before) * 100);
  if (percent === 0) return { text: "0%", tone: "soft" };
  return percent < 0 ? { text: `−${count(-percent)}%`, tone: "good" } : { text: `+${count(percent)}%`, tone: "bad" };
}

/** Whether other settings were tried than those in force. */
export function differ({ before, after }: Comparison): boolean {
  const names = Object.keys(before.settings);
  return before.predict_concurrency !== after.predict_concurrency || names.some((name) => before.settings[name] !== after.settings[name]);
}

type Curve = Exclude<keyof Trial["curves"], "at">;

/** The same curve of both; of the present settings alone where nothing is changed. */
export function lines({ before, after }: Comparison, curve: Curve, isChanged: boolean): Line[] {
  const line = (label: string, colour: string, of: Trial): Line => ({ label, colour, values: of.curves[curve], isDotted: curve.startsWith("p95") });
  if (!isChanged) return [line("present settings", "accent", before)];
  return [{ ...line("present settings", "warn", before), isDashed: true }, line("changed settings", "accent", after)];
}

export function rates({ before, since, until }: Comparison): Line[] {
  const { arrivals } = before.curves;
  const step = (until - since) / arrivals.length;
  return [{ label: "requests per second", colour: "soft", values: arrivals.map((one) => one / step) }];
}
