import { expect, it } from "vitest";
import { lone, sum, summary } from "../src/charts/summary";
import { linePoints } from "../src/components/sparkline";
import { digits } from "../src/format";
import { parts } from "../src/pages/deployment/waterfall";

it("a waterfall's parts fill it in the order of the stages", () => {
  const shown = parts({ predict: 0.5, queue: 0.2, send: 0 }, 1);
  expect(shown.map((one) => one.stage)).toEqual(["queue", "predict", "other"]);
  expect(shown.reduce((all, one) => all + one.share, 0)).toBeCloseTo(1);
});

it("stages that overlap the end do not overflow it", () => {
  expect(parts({ predict: 2 }, 1)).toEqual([{ stage: "predict", seconds: 2, share: 1 }]);
});

it("a chart is told in words", () => {
  expect(summary("Load", [{ label: "queued", values: [1, 5, 2, null] }, { label: "x", values: [null] }], digits)).toBe(
    "Load: queued now 2, at most 5; x not known",
  );
  expect(sum([1, null, null], [2, 3, null])).toEqual([3, 3, null]);
});

it("a sparkline stays in its box", () => {
  expect(linePoints([0, 2, 1], 90, 20)).toBe("0.0,19.0 45.0,1.0 90.0,10.0");
  expect(linePoints([0, 0], 90, 20)).toBe("0.0,19.0 90.0,19.0");
});

it("a value between two that are not known is found, for no line would show it", () => {
  expect(lone([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(lone([null, 0, null])).toEqual([1]);
  expect(lone([])).toEqual([]);
});
