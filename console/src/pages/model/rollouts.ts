/** What is on its way to serving in a model, whoever began it: from the live state alone. */
import type { Change, LiveDeployment, LiveEnvironment, LiveState } from "../../api/types";
import { plural } from "../../format";
import { type Step, stepsOf } from "../deploy/steps";

export interface UnderWay {
  deployment: LiveDeployment;
  /** The environment whose place it takes; null: it is to be reached by its id. */
  environment: string | null;
  /** The deployment that serves there until then. */
  old: LiveDeployment | null;
  steps: Step[];
}

const ON_THE_WAY = new Set(["BUILDING", "BUILD_FAILED", "DEPLOYING"]);

/** `now` is in milliseconds since 1970. */
export function underWay(live: LiveState, model: string, now: number): UnderWay[] {
  const deployments = live.deployments.filter((one) => one.model_name === model);
  const named = (id: string | null): LiveDeployment | null => deployments.find((one) => one.id === id) ?? null;
  const environments = live.environments.filter((one) => one.model_name === model);
  const moves = environments.flatMap((environment) => {
    const candidate = named(environment.candidate_id);
    const old = named(environment.replaced_id ?? environment.deployment_id);
    return candidate === null ? [] : [{ deployment: candidate, environment: environment.name, old, steps: stepsTo(candidate, environment, old, now) }];
  });
  const moving = new Set(moves.map((one) => one.deployment.id));
  const first = deployments
    .filter((one) => ON_THE_WAY.has(one.status) && !moving.has(one.id))
    .map((one) => ({ deployment: one, environment: one.environment, old: null, steps: stepsOf(one, now) }));
  return [...moves, ...first];
}

function stepsTo(candidate: LiveDeployment, environment: LiveEnvironment, old: LiveDeployment | null, now: number): Step[] {
  const steps = stepsOf(candidate, now);
  const isReplacing = environment.replaced_id !== null;
  const room = isReplacing && old !== null ? [madeRoom(old)] : [];
  const isNext = steps.every((one) => one.state === "done");
  const ready = isNext ? `${candidate.ready_replicas} of ${environment.needed_replicas} replicas ready` : "";
  const until = isReplacing || old === null ? "" : `${old.name || old.id} serves until then`;
  const text = [ready, until].filter(Boolean).join("; ");
  return [...steps.slice(0, 1), ...room, ...steps.slice(1), { name: `Take over ${environment.name}`, state: isNext ? "runs" : "waits", text }];
}

/** With `rollout: replace` the old one goes first; requests queue meanwhile. */
function madeRoom(old: LiveDeployment): Step {
  const name = `${old.name || old.id} makes room`;
  if (old.present_replicas === 0) return { name, state: "done", text: "" };
  return { name, state: "runs", text: `${plural(old.present_replicas, "replica")} left, ${plural(old.in_flight, "request")} in flight; new ones queue` };
}

const BEGINS = new Set<Change["kind"]>(["push", "promotion", "rollback"]);

/** Of these, the newest first, the one that has begun it. */
export function begunBy(changes: readonly Change[], { deployment, environment }: Pick<UnderWay, "deployment" | "environment">): Change | null {
  return changes.find((one) => BEGINS.has(one.kind) && one.deployment_id === deployment.id && one.field === (environment ?? "")) ?? null;
}
