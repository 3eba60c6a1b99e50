import { expect, test } from "vitest";
import { Presses, shortcutsAt } from "../src/components/shortcuts";

const { general } = shortcutsAt("/");

test("two keys in time lead somewhere, too late they do not", () => {
  const presses = new Presses();
  expect(presses.press("g", 0, general)).toBeNull();
  expect(presses.press("m", 1000, general)?.to).toBe("#/");
  expect(presses.press("m", 1100, general)).toBeNull();
  expect(presses.press("g", 2000, general)).toBeNull();
  expect(presses.press("m", 9000, general)).toBeNull();
});

test("another key between begins anew, and a key of its own still leads", () => {
  const presses = new Presses();
  for (const key of ["g", "x", "m"]) expect(presses.press(key, 0, general)).toBeNull();
  expect(presses.press("g", 0, general)).toBeNull();
  expect(presses.press("g", 0, general)).toBeNull();
  expect(presses.press("k", 0, general)?.to).toBe("#/keys");
  expect(presses.press("?", 0, general)?.to).toBe("help");
});

test("a deployment's pages lead to each other, and no two keys are the same", () => {
  for (const path of ["/models/a%20b/1", "/models/a%20b/1/playground", "/models/a%20b/1/what-if"]) {
    const { ofDeployment } = shortcutsAt(path);
    expect(ofDeployment.find((one) => one.label === "Logs")?.to).toBe("#/models/a%20b/1?tab=logs");
    const keys = [...general, ...ofDeployment].map((one) => one.keys);
    expect(new Set(keys).size).toBe(keys.length);
  }
  expect(shortcutsAt("/keys").ofDeployment).toEqual([]);
});
