/** The traffic of several deployments in one chart: their columns brought to one grid of time. */
import type { Change, History, LiveEnvironment } from "../../api/types";
import type { Line } from "../../charts/chart";
import { sum } from "../../charts/summary";

const COLOURS = ["accent", "good", "warn", "postprocess", "cold_start", "send", "bad", "soft"];
const MOST = COLOURS.length;

/** Those that serve the environment, are about to, or did so, the present ones first. */
export function servedBy(environment: LiveEnvironment, changes: readonly Change[], present: ReadonlySet<string>): string[] {
  const now = [environment.deployment_id, environment.candidate_id, environment.replaced_id];
  const moves = changes.filter((one) => one.field === environment.name && one.kind !== "setting");
  const before = moves.flatMap((one) => [one.after, one.before]);
  const ids = [...now, ...before].filter((one): one is string => typeof one === "string" && present.has(one));
  return [...new Set(ids)].slice(0, MOST);
}

export interface Traffic {
  at: number[];
  lines: Line[];
}

/** Requests that ended each second, of each deployment by its name. */
export function trafficOf(histories: readonly (readonly [name: string, history: History])[]): Traffic {
  const at = [...new Set(histories.flatMap(([, one]) => one.at))].sort((one, other) => one - other);
  const lines = histories.map(([label, history], place) => {
    const rates = Object.values(history.statuses).reduce(sum, history.at.map(() => null));
    const known = new Map(history.at.map((instant, index) => [instant, rates[index] ?? null]));
    return { label, colour: COLOURS[place % MOST] ?? "accent", values: at.map((instant) => known.get(instant) ?? null) };
  });
  return { at, lines };
}
