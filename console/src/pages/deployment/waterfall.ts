/** Where a request's time went, as shares of a width. */
import { STAGES } from "../../api/stages";

export interface Part {
  stage: string;
  seconds: number;
  share: number;
}

/**
 * In the order in which a request passes them; what no stage accounts for comes last, as `other`. The whole width is
 * the request's time, or `scale` seconds.
 */
export function parts(stages: Record<string, number>, total: number, scale = 0): Part[] {
  const known = STAGES.filter((stage) => (stages[stage] ?? 0) > 0).map((stage) => ({ stage: stage as string, seconds: stages[stage] ?? 0 }));
  const told = known.reduce((all, one) => all + one.seconds, 0);
  if (total - told > 0.0005) known.push({ stage: "other", seconds: total - told });
  const whole = Math.max(total, told, scale, Number.MIN_VALUE);
  return known.map((one) => ({ ...one, share: one.seconds / whole }));
}

/** The longest of all, which is as wide as there is room. */
export const scaleOf = (requests: readonly { seconds: number }[]): number => requests.reduce((most, one) => Math.max(most, one.seconds), 0);
