import { expect, test } from "vitest";
import { inputOf, readable } from "../src/pages/playground/input";
import { spansOf, spansOfHeader } from "../src/pages/playground/timing";
import { faultOf, pathOf } from "../src/pages/deploy/upload";
import { stepsOf } from "../src/pages/deploy/steps";

test("stages stand in the order in which a request passes them, in seconds", () => {
  expect(spansOfHeader("predict;dur=20, queue;dur=1500.5, other;dur=3, cold")).toEqual([
    { stage: "queue", seconds: 1.5005 },
    { stage: "predict", seconds: 0.02 },
  ]);
  expect(spansOf({ send: 1, total: 3, preprocess: 2, predict: 0 }).map((one) => one.stage)).toEqual(["preprocess", "send"]);
});

test("what is no JSON is said, and what is none stays readable", () => {
  expect(inputOf('{"a": 1}')).toEqual({ value: { a: 1 }, fault: "" });
  expect(inputOf("{").fault).not.toBe("");
  expect(inputOf(" ").fault).not.toBe("");
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable("a, b")).toBe("a, b");
});

test("only archives of a Truss's folder are sent", () => {
  expect(faultOf({ name: "Model.TAR.GZ", size: 3 })).toBe("");
  expect(faultOf({ name: "model.py", size: 3 })).not.toBe("");
  expect(faultOf({ name: "model.zip", size: 0 })).not.toBe("");
  expect(pathOf({ model: "", environment: "" })).toBe("/v1/models?environment=");
  expect(pathOf({ model: "a b", environment: "x" })).toBe("/v1/models/a%20b/deployments?environment=x");
});

test("a pushed deployment has come as far as its state says", () => {
  const states = (one: Parameters<typeof stepsOf>[0]) => stepsOf(one, 10_000).map((step) => step.state);
  const replica = { state: "starting", since: new Date(0).toISOString() };
  expect(states({ status: "BUILDING", reason: "", preparation: null })).toEqual(["runs", "waits", "waits"]);
  expect(states({ status: "BUILD_FAILED", reason: "no", preparation: null })).toEqual(["failed", "waits", "waits"]);
  expect(states({ status: "DEPLOYING", reason: "", preparation: null })).toEqual(["done", "runs", "waits"]);
  expect(stepsOf({ status: "DEPLOYING", reason: "", preparation: null, replicas: [replica] }, 10_000)[2]?.text).toBe("starting for 10 s");
  expect(states({ status: "FAILED", reason: "no", preparation: null })).toEqual(["done", "done", "failed"]);
  expect(states({ status: "ACTIVE", reason: "", preparation: null })).toEqual(["done", "done", "done"]);
});
