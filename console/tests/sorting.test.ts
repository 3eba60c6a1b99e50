import { expect, it } from "vitest";
import { sorted } from "../src/components/sorting";

it("what has no value stands last, either way", () => {
  const rows = [{ v: 2 }, { v: null }, { v: 10 }, { v: 1 }];
  expect(sorted(rows, (row) => row.v, false).map((row) => row.v)).toEqual([1, 2, 10, null]);
  expect(sorted(rows, (row) => row.v, true).map((row) => row.v)).toEqual([10, 2, 1, null]);
});

it("numbers within names count as numbers", () => {
  expect(sorted(["r10", "r9"], (one) => one, false)).toEqual(["r9", "r10"]);
});
