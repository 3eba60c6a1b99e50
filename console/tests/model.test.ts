import { expect, it } from "vitest";
import type { Change, History, LiveDeployment, LiveEnvironment, LiveState } from "../src/api/types";
import { byWhom, together, wordsOf } from "../src/pages/history/changes";
import { isUsed, movesOf } from "../src/pages/model/moves";
import { begunBy, underWay } from "../src/pages/model/rollouts";
import { servedBy, trafficOf } from "../src/pages/model/traffic";

const NOW = Date.parse("2026-01-01T12:00:30Z");

const deployment = (id: string, more: Partial<LiveDeployment> = {}): LiveDeployment =>
  ({ id, name: id, model_name: "m", status: "ACTIVE", created_at: `2026-01-01T12:00:0${id.slice(-1)}Z`, environment: null, environments: [], replicas: [], reason: "", preparation: null, ready_replicas: 0, present_replicas: 0, in_flight: 0, ...more }) as LiveDeployment;
const environment = (more: Partial<LiveEnvironment> = {}): LiveEnvironment => ({ name: "production", model_name: "m", deployment_id: "d1", candidate_id: null, replaced_id: null, needed_replicas: 0, ...more });
const state = (environments: LiveEnvironment[], ...deployments: LiveDeployment[]): LiveState => ({ models: [], environments, deployments });
const steps = (live: LiveState): string[][] => underWay(live, "m", NOW).map((one) => one.steps.map(({ name, state: how, text }) => `${name} ${how} ${text}`.trim()));
const change = (more: Partial<Change>): Change =>
  ({ id: 1, at: "2026-01-01T12:00:00.000Z", by: "ci", key_prefix: "hw_1", kind: "setting", deployment_id: "d1", field: "max_replica", before: 1, after: 2, reason: "", ...more }) as Change;

it("a candidate goes its way step by step until it takes over", () => {
  const moving = environment({ candidate_id: "d2", needed_replicas: 2 });
  const old = deployment("d1", { ready_replicas: 2 });
  const building = deployment("d2", { status: "BUILDING", preparation: { began_at: "", line: "resolving" } });
  expect(steps(state([moving], old, building))).toEqual([["Python environment runs resolving", "Start waits", "Load waits", "Take over production waits d1 serves until then"]]);
  const ready = deployment("d2", { ready_replicas: 1 });
  expect(steps(state([moving], old, ready))[0]?.[3]).toBe("Take over production runs 1 of 2 replicas ready; d1 serves until then");
});

it("an old one that goes first is a step of its own, and requests queue meanwhile", () => {
  const moving = environment({ deployment_id: "d2", candidate_id: "d2", replaced_id: "d1", needed_replicas: 1 });
  const waiting = deployment("d2", { status: "DEPLOYING" });
  const told = steps(state([moving], deployment("d1", { present_replicas: 1, in_flight: 3 }), waiting))[0];
  expect(told?.[1]).toBe("d1 makes room runs 1 replica left, 3 requests in flight; new ones queue");
  expect(steps(state([moving], deployment("d1"), waiting))[0]?.[1]).toBe("d1 makes room done");
});

it("what starts for the first time, or for no environment, is on its way too; what serves is not", () => {
  const live = state([environment()], deployment("d1", { status: "DEPLOYING", environment: "production" }), deployment("d2", { status: "BUILD_FAILED", reason: "no such package" }), deployment("d3"));
  expect(underWay(live, "m", NOW).map((one) => [one.deployment.id, one.environment, one.old])).toEqual([
    ["d1", "production", null],
    ["d2", null, null],
  ]);
  expect(steps(live)[1]?.[0]).toBe("Python environment failed no such package");
  expect(underWay(live, "other", NOW)).toEqual([]);
});

it("who began it is the latest push or move of it into that environment", () => {
  const move = { deployment: deployment("d2"), environment: "production" };
  const asked = { deployment_id: "d2", field: "production" };
  const changes = [change({ deployment_id: "d2" }), change({ ...asked, kind: "given_up" }), change({ ...asked, kind: "rollback", by: "ada" }), change({ ...asked, kind: "push" })];
  expect(begunBy(changes, move)?.by).toBe("ada");
  expect(begunBy(changes, { ...move, environment: "staging" })).toBeNull();
});

it("moves are offered where they change something, production first", () => {
  const live = state([environment({ name: "staging", deployment_id: null }), environment({ deployment_id: "d2", candidate_id: "d3" })], deployment("d1"), deployment("d2"), deployment("d3"));
  const told = (id: string): string[] => movesOf(live, deployment(id)).map((one) => `${one.environment}: ${one.present?.id ?? "nothing"}`);
  expect(told("d1")).toEqual(["production: d2", "staging: nothing"]);
  expect(told("d2")).toEqual(["staging: nothing"]);
  expect(told("d3")).toEqual(["staging: nothing"]);
  expect(movesOf(state([]), deployment("d1"))).toEqual([{ environment: "production", present: null }]);
  expect(["d1", "d2", "d3"].map((id) => isUsed(live, deployment(id)))).toEqual([false, true, true]);
});

it("settings that one call changed stand together, whatever else happened around them", () => {
  const at = (seconds: string): string => `2026-01-01T12:00:${seconds}Z`;
  const changes = [change({ id: 5, at: at("09.000") }), change({ id: 4, at: at("01.010") }), change({ id: 3, at: at("01.000") }), change({ id: 2, at: at("01.000"), by: "ada" }), change({ id: 1, kind: "push", at: at("01.000") })];
  expect(together(changes).map((group) => group.map((one) => one.id))).toEqual([[5], [4, 3], [2], [1]]);
});

it("a change is told in words and units", () => {
  const window = { name: "autoscaling_window", type: "number" as const, meaning: "", unit: "s", initial: 60, choices: [] };
  const words = (more: Partial<Change>): string => wordsOf(change(more), [window], (id) => `the ${id}`);
  expect(words({ field: "autoscaling_window", before: 60, after: 300 })).toBe("autoscaling_window 1 min → 5 min");
  expect(words({ field: "retry_on_crash", before: false, after: true })).toBe("retry_on_crash false → true");
  expect(words({ kind: "push", field: "production", before: null })).toBe("pushed for production");
  expect(words({ kind: "given_up", field: "production", before: "d2", after: "d1", reason: "no such package" })).toBe("given up, the d1 stays in production: no such package");
  expect(words({ kind: "later" as Change["kind"], field: "x" })).toBe("later x");
  expect(byWhom({ by: "no key", key_prefix: null })).toBe("without a key");
  expect(byWhom({ by: "no key", key_prefix: "hw_1" })).toBe("by no key");
});

it("an environment's traffic is of those that served it, the present one first", () => {
  const moves = [change({ kind: "takeover", field: "production", before: "d1", after: "d2" }), change({ kind: "push", field: "staging", after: "d9" }), change({ kind: "push", field: "production", before: "gone", after: "d1" })];
  const present = new Set(["d1", "d2", "d3", "d9"]);
  expect(servedBy(environment({ deployment_id: "d2", candidate_id: "d3" }), moves, present)).toEqual(["d2", "d3", "d1"]);
});

it("columns of several deployments are brought to one grid of time", () => {
  const history = (at: number[], ok: (number | null)[], bad: (number | null)[]): History => ({ at, statuses: { "2xx": ok, "5xx": bad } }) as unknown as History;
  const { at, lines } = trafficOf([
    ["d1", history([10, 15], [1, null], [2, null])],
    ["d2", history([15, 20], [4, 5], [0, 0])],
  ]);
  expect(at).toEqual([10, 15, 20]);
  expect(lines.map((one) => [one.label, one.values])).toEqual([
    ["d1", [3, null, null]],
    ["d2", [null, 4, 5]],
  ]);
  expect(new Set(lines.map((one) => one.colour)).size).toBe(2);
});
