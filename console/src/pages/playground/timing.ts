/** Where the time of one request went, from its record or from the headers of its answer. */
import { labelled, STAGES } from "../../api/stages";

export interface Span {
  stage: string;
  seconds: number;
}

export function spansOfHeader(header: string): Span[] {
  const seconds: Record<string, number> = {};
  for (const entry of header.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((one) => one.trim());
    const stage = labelled(name);
    const duration = Number(parameters.find((one) => one.startsWith("dur="))?.slice(4));
    if (stage !== undefined && Number.isFinite(duration)) seconds[stage] = duration / 1000;
  }
  return spansOf(seconds);
}

export const spansOf = (seconds: Record<string, number>): Span[] =>
  STAGES.filter((stage) => (seconds[stage] ?? 0) > 0).map((stage) => ({ stage, seconds: seconds[stage] ?? 0 }));
