import type { Saturation, Status } from "../api/types";

type Tone = "good" | "busy" | "warn" | "bad" | "idle";

const TONES: Record<Status, Tone> = {
  BUILDING: "busy",
  BUILD_FAILED: "bad",
  DEPLOYING: "busy",
  ACTIVE: "good",
  SCALED_TO_ZERO: "idle",
  WAKING_UP: "busy",
  UNHEALTHY: "warn",
  FAILED: "bad",
  INACTIVE: "idle",
  DELETING: "idle",
};

/** Whether it turns requests away though nobody has switched it off. */
const isRefusing = (status: Status, saturation: Saturation | null): boolean =>
  saturation?.level === "refused" && TONES[status] !== "idle";

/** Green is only where who comes now is served. */
export function toneOf(status: Status, saturation: Saturation | null): Tone {
  if (isRefusing(status, saturation)) return "bad";
  return status === "ACTIVE" && saturation !== null ? "warn" : TONES[status];
}

function labelOf(status: Status, saturation: Saturation | null): string {
  const label = status.toLowerCase().replaceAll("_", " ");
  if (status !== "ACTIVE" && status !== "DEPLOYING" && status !== "WAKING_UP") return label;
  if (isRefusing(status, saturation)) return `${label}, refuses`;
  return status === "ACTIVE" && saturation?.level === "wait" ? `${label}, saturated` : label;
}

/** Its form tells as much as its colour: full, ringed, half or crossed. */
export function StatusBadge({ status, saturation }: { status: Status; saturation: Saturation | null }) {
  return <span class={`badge ${toneOf(status, saturation)}`}>{labelOf(status, saturation)}</span>;
}
