import { expect, it } from "vitest";
import { addressOf, deploymentLink, match } from "../src/router";

it("names are what they were, whatever is in them", () => {
  for (const name of ["digits", "a b", "ä/ö", "50%", "?x#y"]) {
    const { path } = addressOf(deploymentLink(name, "d1", "/playground"));
    expect(match("/models/:model/:deployment/playground", path)).toEqual({ model: name, deployment: "d1" });
  }
});

it("a query stands behind the path", () => {
  const { path, query } = addressOf(deploymentLink("m", "d", "", { tab: "logs" }));
  expect([path, query.get("tab")]).toEqual(["/models/m/d", "logs"]);
});

it("another address does not fit", () => {
  expect(match("/keys", "/keys/x")).toBeNull();
  expect(match("/models/:model/:deployment", "/models/m/d/playground")).toBeNull();
  expect(addressOf("").path).toBe("/");
});
