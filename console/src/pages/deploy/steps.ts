/** How far a pushed deployment has come on its way to serving. */
import type { LiveDeployment, Replica } from "../../api/types";
import { seconds } from "../../format";

export interface Step {
  name: string;
  state: "waits" | "runs" | "done" | "failed";
  text: string;
}

type Pushed = Pick<LiveDeployment, "status" | "reason" | "preparation"> & { replicas?: Pick<Replica, "state" | "since">[] };

const NAMES = ["Python environment", "Start", "Load"] as const;

const FAILED = new Set(["BUILD_FAILED", "FAILED"]);
const SERVING = new Set(["ACTIVE", "UNHEALTHY", "SCALED_TO_ZERO"]);

/** `now` is in milliseconds since 1970. */
export function stepsOf(one: Pushed, now: number): Step[] {
  const at = placeOf(one);
  return NAMES.map((name, place) => {
    if (place < at) return { name, state: "done", text: "" };
    if (place > at) return { name, state: "waits", text: "" };
    if (FAILED.has(one.status)) return { name, state: "failed", text: one.reason };
    return { name, state: "runs", text: place === 0 ? (one.preparation?.line ?? "") : loadText(one, now) };
  });
}

export const isServing = (one: Pushed): boolean => SERVING.has(one.status);

function placeOf(one: Pushed): number {
  if (isServing(one)) return NAMES.length;
  if (one.status === "BUILDING" || one.status === "BUILD_FAILED") return 0;
  return (one.replicas ?? []).length === 0 && one.status !== "FAILED" ? 1 : 2;
}

function loadText({ replicas = [], reason }: Pushed, now: number): string {
  const [first] = replicas;
  if (first === undefined) return reason;
  const since = Math.max(0, (now - Date.parse(first.since)) / 1000);
  return [`${first.state} for ${seconds(Math.round(since))}`, reason].filter(Boolean).join("; ");
}
