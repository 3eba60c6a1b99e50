import { expect, it } from "vitest";
import { differences, judge, settingsOf } from "../src/pages/deployment/setting_fields";

const properties = {
  concurrency_target: { type: "integer", description: "requests that one replica holds at once", default: 1, minimum: 1, maximum: 100 },
  min_replica: { type: "integer", description: "replicas kept", default: 0, minimum: 0, maximum: 10 },
  max_replica: { type: "integer", description: "replicas at most", default: 1, minimum: 1, maximum: 10 },
  autoscaling_window: { type: "number", description: "time over which load is averaged (s)", default: 60, minimum: 10, maximum: 3600 },
  retry_on_crash: { type: "boolean", description: "send again", default: false },
};
const content = { "application/json": { schema: { properties } } };
const SETTINGS = settingsOf({
  paths: { "/v1/models/{model}/deployments/{deployment}/settings": { patch: { requestBody: { content } } } },
});
const VALUES = { concurrency_target: 2, min_replica: 0, max_replica: 3, autoscaling_window: 60, retry_on_crash: false };

it("a setting has the API's unit and bounds", () => {
  const window = SETTINGS.find((one) => one.name === "autoscaling_window");
  expect(window).toMatchObject({ unit: "s", meaning: "time over which load is averaged", low: 10, high: 3600, initial: 60 });
});

it("only what differs is changed", () => {
  const draft = { concurrency_target: "4", max_replica: "3", autoscaling_window: "12.5", retry_on_crash: "true" };
  expect(judge(SETTINGS, draft, VALUES)).toEqual({
    changes: { concurrency_target: 4, autoscaling_window: 12.5, retry_on_crash: true },
    faults: {},
  });
});

it("what cannot be meant is a fault and no change", () => {
  const texts: [string, string, string][] = [
    ["concurrency_target", "", "not a number"],
    ["concurrency_target", "1.5", "not a whole number"],
    ["concurrency_target", "0", "at least 1"],
    ["autoscaling_window", "1e9", "at most 1 h"],
    ["autoscaling_window", "5", "at least 10 s"],
    ["autoscaling_window", "5 parsecs", "no unit “parsecs”: write 90 s, 5 min or 1 h 30 min"],
    ["min_replica", "4", "above max_replica, which is 3"],
  ];
  for (const [name, text, fault] of texts) expect(judge(SETTINGS, { [name]: text }, VALUES).faults).toEqual({ [name]: fault });
});

it("what somebody else changed is told", () => {
  expect(differences(VALUES, { ...VALUES, max_replica: 9 })).toEqual(["max_replica 3 → 9"]);
});
