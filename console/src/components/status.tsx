import type { Status } from "../api/types";

const TONES: Record<Status, string> = {
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

/** Its form tells as much as its colour: full, ringed, half or crossed. */
export function StatusBadge({ status }: { status: Status }) {
  return <span class={`badge ${TONES[status]}`}>{status.toLowerCase().replaceAll("_", " ")}</span>;
}
