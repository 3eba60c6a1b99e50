/** Which deployments the Models page shows: those whose name has what is searched for, in a state. */
import type { LiveDeployment, Status } from "../api/types";

export interface Filter {
  text: string;
  /** A status in lower case, `failing`, or empty for any. */
  state: string;
}

type Filtered = Pick<LiveDeployment, "model_name" | "id" | "name" | "environments" | "status">;

export const FAILING = "failing";
const BAD: Status[] = ["FAILED", "BUILD_FAILED", "UNHEALTHY"];

export const isFailing = (one: Pick<LiveDeployment, "status">): boolean => BAD.includes(one.status);

export const filterOf = (query: URLSearchParams): Filter => ({ text: query.get("q") ?? "", state: query.get("state") ?? "" });

export const stateOf = (status: Status): string => status.toLowerCase();

/** Each word has to be somewhere in the model's name, the deployment's, its id or its environments'. */
export function shownBy<One extends Filtered>({ text, state }: Filter, deployments: One[]): One[] {
  const words = text.toLowerCase().split(/\s+/).filter((one) => one !== "");
  return deployments.filter((one) => {
    const names = [one.model_name, one.name, one.id, ...one.environments].join(" ").toLowerCase();
    const isInState = state === "" || (state === FAILING ? isFailing(one) : stateOf(one.status) === state);
    return isInState && words.every((word) => names.includes(word));
  });
}

/** The states that can be chosen: those that there are, and the one that is. */
export function statesOf(deployments: Filtered[], chosen: string): string[] {
  const found = new Set(deployments.map((one) => stateOf(one.status)));
  if (deployments.some(isFailing) || chosen === FAILING) found.add(FAILING);
  if (chosen !== "") found.add(chosen);
  return [...found].sort();
}
