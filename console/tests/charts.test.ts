import { expect, it } from "vitest";
import { known } from "../src/charts/summary";
import { NUMBER, SIZE, TIME, WHOLE } from "../src/charts/units";
import { errorLines, quantileLines, stagesShown, timeWords } from "../src/pages/deployment/chart_lines";

it("the labels of an axis are whole and in one unit", () => {
  expect(TIME.labels([0, 0.5, 1, 1.5])).toEqual(["0", "0.5 s", "1.0 s", "1.5 s"]);
  expect(TIME.labels([0, 0.05, 0.1])).toEqual(["0", "50 ms", "100 ms"]);
  expect(TIME.labels([0, 0.00005, 0.0001])).toEqual(["0", "50 µs", "100 µs"]);
  expect(TIME.labels([0, 60, 120, 180])).toEqual(["0", "1 min", "2 min", "3 min"]);
  expect(TIME.labels([0, 1800, 3600, 5400, 7200])).toEqual(["0", "0.5 h", "1.0 h", "1.5 h", "2.0 h"]);
  expect(SIZE.labels([0, 512, 1024, 1536])).toEqual(["0", "0.5 KiB", "1.0 KiB", "1.5 KiB"]);
  expect(SIZE.labels([0, 64, 128])).toEqual(["0", "64 B", "128 B"]);
  expect(NUMBER.labels([0, 2500, 5000, 10_000])).toEqual(["0", "2,500", "5,000", "10,000"]);
  expect(NUMBER.labels([0, 0.25, 0.5])).toEqual(["0", "0.25", "0.50"]);
  expect(TIME.labels([])).toEqual([]);
});

it("ticks stand where a unit has few decimals, whatever the range", () => {
  for (const unit of [TIME, SIZE, WHOLE])
    for (const step of unit.steps ?? []) {
      const labels = unit.labels([0, step, 2 * step, 3 * step, 4 * step]);
      expect(Math.max(...labels.map((one) => one.length))).toBeLessThanOrEqual(10);
      expect(new Set(labels.slice(1).map((one) => one.split(" ")[1])).size).toBe(1);
    }
});

it("a chart knows where it has something to draw", () => {
  expect(known([{ values: [null, 1, null] }, { values: [null, 2, 3] }])).toEqual([1, 2]);
  expect(known([{ values: [null] }, { values: [] }])).toEqual([]);
});

it("only kinds of errors that there were are drawn", () => {
  const errors = { refused: [0, 2, null], lost: [0, 0, null], finished_5xx: [1, 0, null] };
  expect(errorLines({ errors }).map((one) => one.label)).toEqual(["refused", "answered 5xx"]);
});

it("quantiles have a line each, known or not", () => {
  const lines = quantileLines({ at: [1, 2] }, { p50: [0.1, null] });
  expect(lines.map((one) => [one.label, one.values])).toEqual([
    ["p50", [0.1, null]],
    ["p90", [null, null]],
    ["p95", [null, null]],
    ["p99", [null, null]],
  ]);
  expect(quantileLines({ at: [1] }, undefined)).toHaveLength(4);
});

it("one stage stands beside the first byte, or each has a chart", () => {
  const stages = { total: {}, first_byte: {}, predict: {} };
  expect(stagesShown({ stages }, "total")).toEqual(["total", "first_byte"]);
  expect(stagesShown({ stages }, "first_byte")).toEqual(["first_byte"]);
  expect(stagesShown({ stages }, "each")).toEqual(["total", "first_byte", "predict"]);
  expect(["total", "first_byte", "gate_wait"].map(timeWords)).toEqual(["in all", "to the first byte", "in gate wait"]);
});
