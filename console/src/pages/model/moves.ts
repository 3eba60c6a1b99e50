/** Which environments a deployment may be moved into. */
import type { LiveDeployment, LiveState } from "../../api/types";

export interface Move {
  environment: string;
  /** What is there; null: nothing. */
  present: LiveDeployment | null;
}

/** production first. Those that point at it, or are about to, are left out. */
export function movesOf(live: LiveState, one: LiveDeployment): Move[] {
  const its = live.environments.filter((other) => other.model_name === one.model_name);
  const moves = its
    .filter((other) => other.deployment_id !== one.id && other.candidate_id !== one.id)
    .map((other) => ({ environment: other.name, present: live.deployments.find(({ id }) => id === other.deployment_id) ?? null }));
  const all = its.some(({ name }) => name === "production") ? moves : [...moves, { environment: "production", present: null }];
  const place = ({ environment }: Move): string => `${environment === "production" ? 0 : 1}${environment}`;
  return all.sort((first, second) => place(first).localeCompare(place(second), "en"));
}

/** Whether an environment needs it, so that it cannot be deleted. */
export const isUsed = (live: LiveState, one: LiveDeployment): boolean =>
  live.environments.some((other) => [other.deployment_id, other.candidate_id, other.replaced_id].includes(one.id));
