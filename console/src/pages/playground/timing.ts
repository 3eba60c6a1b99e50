/** Where the time of one request went, from its record or from the headers of its answer. */

export interface Span {
  stage: string;
  seconds: number;
}

/** In the order in which a request passes them. */
const STAGES = ["queue", "cold_start", "preprocess", "gate_wait", "predict", "postprocess", "send"];

/** Server-Timing's short names for them. */
const SHORT: Record<string, string> = {
  queue: "queue",
  cold: "cold_start",
  pre: "preprocess",
  gate: "gate_wait",
  predict: "predict",
  post: "postprocess",
};

export function spansOfHeader(header: string): Span[] {
  const seconds: Record<string, number> = {};
  for (const entry of header.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((one) => one.trim());
    const stage = SHORT[name];
    const duration = Number(parameters.find((one) => one.startsWith("dur="))?.slice(4));
    if (stage !== undefined && Number.isFinite(duration)) seconds[stage] = duration / 1000;
  }
  return spansOf(seconds);
}

export const spansOf = (seconds: Record<string, number>): Span[] =>
  STAGES.filter((stage) => (seconds[stage] ?? 0) > 0).map((stage) => ({ stage, seconds: seconds[stage] ?? 0 }));
