/** The stages of a request, in the order in which it passes them, and their labels in the Server-Timing header. */
import type { components } from "./schema";

/** As the API names them. */
export type Stage = components["schemas"]["Stage"];

/** Those of a request that holds a slot. */
export type StageInReplica = Exclude<Stage, "queue" | "cold_start">;

const LABELS: Record<Stage, string> = {
  queue: "queue",
  cold_start: "cold",
  preprocess: "pre",
  gate_wait: "gate",
  predict: "predict",
  postprocess: "post",
  send: "send",
};

/** Times that are no stages. */
export const TOTAL = "total";
export const FIRST_BYTE = "first_byte";

export const STAGES = Object.keys(LABELS) as Stage[];
export const IN_REPLICA = STAGES.filter((stage) => stage !== "queue" && stage !== "cold_start");

export function labelled(label: string): Stage | undefined {
  return STAGES.find((stage) => LABELS[stage] === label);
}
