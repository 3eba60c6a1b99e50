import { expect, it } from "vitest";
import type { Comparison, Trial } from "../src/api/types";
import { type Setting, settingsOf } from "../src/pages/deployment/setting_fields";
import { bill, differ, difference, lines, outlook, rates, reach, settable, supposedOf, triedOf, waits } from "../src/pages/what_if/comparing";
import { Latest } from "../src/pages/what_if/latest";

const curves = { at: [100, 105], queued: [1, 2], in_flight: [1, 1], present: [1, 1], ready: [1, 1], desired: [1, 1], arrivals: [10, 20], p95_wait: [null, 2], p95_latency: [null, 3] };
const trial = (change: Partial<Trial>): Trial => ({
  settings: {},
  predict_concurrency: 1,
  requests: 30,
  outcomes: { finished: 28, expired: 2 },
  stages: { wait: { p50: 1, p95: 2, p99: 4 }, gate_wait: null, predict: null, latency: { p50: 2, p95: 3, p99: 5 } },
  slo_misses: 3,
  slo_miss_share: 0.1,
  replica_hours: 2,
  most_replicas: 2,
  starts: 0,
  cold_starts: 0,
  decisions: 0,
  curves,
  ...change,
});
const COMPARISON: Comparison = {
  since: 100,
  until: 110,
  requests: 30,
  sampled_out: 0,
  start_seconds: 1,
  recorded: { wait: { p50: 1.1, p95: 2.2, p99: 4.4 } },
  before: trial({}),
  after: trial({ replica_hours: 3, outcomes: { finished: 30 }, slo_misses: 0, starts: 2, stages: { wait: { p50: 0, p95: 1, p99: 1 }, latency: { p50: 1, p95: 1, p99: 1 } } }),
  warnings: [],
  notes: [],
};

it("the bill says what each costs and by how much that differs", () => {
  const told = bill(COMPARISON, 0.5).map((one) => `${one.label}: ${one.before} to ${one.after}, ${one.difference} ${one.tone}`);
  expect(told).toContain("replica-hours: 2 to 3, +50% bad");
  expect(told).toContain("replicas started: 0 to 2, from none bad");
  expect(told).toContain("requests that failed: 2 to 0, −100% good");
  expect(told).toContain("failed or over 500 ms: 3 to 0, −100% good");
  expect(bill(COMPARISON, null)).toHaveLength(5);
});

it("times are told beside what was recorded, and what nobody knows is a dash", () => {
  const rows = waits(COMPARISON);
  expect(rows[1]).toEqual({ label: "slot wait, p95", recorded: "2.2 s", before: "2 s", after: "1 s", difference: "−50%", tone: "good" });
  expect(rows.find((one) => one.label === "gate wait, p50")).toMatchObject({ recorded: "–", before: "–", after: "–", difference: "–" });
});

it("figures that read the same are not called better", () => {
  const before = { wait_p50: 0.0996, wait_p95: 1, latency_p95: 110.4, replica_hours: 0.5 };
  const rows = outlook(before, { ...before, wait_p50: 0.0996, latency_p95: 109.6 });
  expect(rows.map((one) => one.difference)).toEqual(["0%", "0%", "0%", "0%"]);
  expect(rows.every((one) => one.tone === "soft")).toBe(true);
});

it("an advice's outlook names what is waited for and what it costs", () => {
  const before = { wait_p50: 0, wait_p95: 2, latency_p95: 3, replica_hours: 0.0123 };
  const after = { ...before, wait_p95: 1, replica_hours: 0.0246 };
  expect(outlook(before, after).map((one) => [one.before, one.after, one.difference])).toEqual([
    ["0 ms", "0 ms", "0%"],
    ["2 s", "1 s", "−50%"],
    ["3 s", "3 s", "0%"],
    ["0.0123", "0.0246", "+100%"],
  ]);
});

it("less than a percent is no difference", () => {
  expect(difference(1, 1.004)).toEqual({ text: "0%", tone: "soft" });
  expect(difference(0, 0).text).toBe("0%");
  expect(difference(1, 21).text).toBe("+2,000%");
});

it("both curves are drawn, and one where nothing is changed", () => {
  expect(lines(COMPARISON, "queued", true).map((one) => one.label)).toEqual(["present settings", "changed settings"]);
  expect(lines(COMPARISON, "queued", false).map((one) => one.values)).toEqual([[1, 2]]);
  expect(differ(COMPARISON)).toBe(false);
  expect(differ({ ...COMPARISON, after: trial({ predict_concurrency: 2 }) })).toBe(true);
  expect(differ({ ...COMPARISON, after: trial({ settings: {} }), before: trial({ settings: { max_replica: 2 } }) })).toBe(true);
  expect(rates(COMPARISON)[0]?.values).toEqual([2, 4]);
});

it("predict concurrency is tried, but is none of the settings that are applied", () => {
  const judged = { changes: { predict_concurrency: 4, max_replica: 3 }, faults: {} };
  expect(settable(judged)).toEqual({ max_replica: 3 });
  expect(supposedOf(judged, null)).toEqual({ changes: { max_replica: 3 }, predict_concurrency: 4, slo: null });
  const description = { paths: {} };
  expect(settingsOf(description)).toEqual([]);
  expect(triedOf(description).map((one) => one.name)).toEqual(["predict_concurrency"]);
});

it("a slider reaches what is likely to be meant", () => {
  const setting = (name: string, low: number, high: number): Setting => ({ name, type: "integer", meaning: "", unit: "", initial: 1, low, high, choices: [] });
  expect(reach(setting("concurrency_target", 1, 100_000), 1)).toEqual({ low: 1, high: 16, step: 1 });
  expect(reach(setting("concurrency_target", 1, 100_000), 20).high).toBe(80);
  expect(reach(setting("autoscaling_window", 10, 3600), 900).high).toBe(900);
});

it("one question is asked at a time, and of those that wait the latest alone", async () => {
  const asked: string[] = [];
  const told: string[] = [];
  const answers: (() => void)[] = [];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return new Promise((resolve) => answers.push(() => resolve(question.toUpperCase())));
  };
  const latest = new Latest(ask, (_, answer: string) => told.push(answer));
  for (const question of ["a", "b", "c"]) latest.ask(question);
  expect(asked).toEqual(["a"]);
  answers.shift()?.();
  await Promise.resolve().then(() => undefined);
  expect(asked).toEqual(["a", "c"]);
  answers.shift()?.();
  await Promise.resolve().then(() => undefined);
  expect(told).toEqual(["C"]);
  latest.ask("d");
  expect(asked.at(-1)).toBe("d");
});
