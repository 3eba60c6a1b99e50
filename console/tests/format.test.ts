import { expect, it } from "vitest";
import { bytes, digits, plural, rate, seconds } from "../src/format";

it("durations have the unit in which they are small", () => {
  expect([0, 0.00005, 0.0123, 0.5, 1.234, 45, 600, 7200, null].map(seconds)).toEqual([
    "0 ms", "50 µs", "12.3 ms", "500 ms", "1.23 s", "45 s", "10 min", "2 h", "–",
  ]);
});

it("numbers are never in powers of ten", () => {
  expect([digits(123456), digits(0.1 + 0.2), rate(12.34), bytes(65536), plural(1, "replica"), plural(0, "slot")]).toEqual([
    "123,456", "0.3", "12.3/s", "64 KiB", "1 replica", "0 slots",
  ]);
});
