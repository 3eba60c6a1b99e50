import { expect, test } from "vitest";
import type { Status } from "../src/api/types";
import { filterOf, shownBy, statesOf } from "../src/pages/models_filter";

const one = (model_name: string, status: Status, environments: string[] = [], name = "") => ({ model_name, status, environments, name, id: "5bae3df5" });
const ALL = [one("story", "ACTIVE", ["production"]), one("story", "INACTIVE", [], "canary"), one("digits", "FAILED", ["staging"]), one("Éclair", "UNHEALTHY")];
const found = (query: string): string[] => shownBy(filterOf(new URLSearchParams(query)), ALL).map((each) => `${each.model_name} ${each.status}`);

test("every word is looked for in all names, whatever their case", () => {
  expect(found("")).toHaveLength(4);
  expect(found("q=STORY")).toEqual(["story ACTIVE", "story INACTIVE"]);
  expect(found("q=story+canary")).toEqual(["story INACTIVE"]);
  expect(found("q=%20prod%20")).toEqual(["story ACTIVE"]);
  expect(found("q=%C3%A9clair")).toEqual(["Éclair UNHEALTHY"]);
  expect(found("q=5bae")).toHaveLength(4);
  expect(found("q=nothing")).toEqual([]);
});

test("states are those that there are, and what fails is one", () => {
  expect(found("state=failing")).toEqual(["digits FAILED", "Éclair UNHEALTHY"]);
  expect(found("state=inactive&q=story")).toEqual(["story INACTIVE"]);
  expect(statesOf(ALL, "")).toEqual(["active", "failed", "failing", "inactive", "unhealthy"]);
  expect(statesOf([], "building")).toEqual(["building"]);
});
