/** What is done with the deployment in view. */
import { useLoaded } from "../../api/loaded";
import type { Deployment } from "../../api/types";
import { type Moved, Moves } from "../moves";

export function Actions({ deployment: one }: { deployment: Moved }) {
  const others = useLoaded<{ deployments: Deployment[] }>(one.is_production ? null : `/v1/models/${encodeURIComponent(one.model_name)}/deployments`);
  const production = others.value?.deployments.find((other) => other.is_production) ?? null;
  return <Moves deployment={one} production={production} isWakeable />;
}
