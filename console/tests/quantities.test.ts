import { expect, it } from "vitest";
import { Unreadable, read, written } from "../src/quantities";

const MIB = 1024 * 1024;

it("values are written as people say them", () => {
  const texts: [number, string, string][] = [
    [100 * MIB, "bytes", "100 MiB"],
    [64 * 1024, "bytes", "64 KiB"],
    [1.5 * MIB, "bytes", "1.5 MiB"],
    [1_000_000, "bytes", "1 MB"],
    [1_048_577, "bytes", "1,048,577 bytes"],
    [100 * 1024 * MIB, "bytes", "100 GiB"],
    [1, "bytes", "1 byte"],
    [300, "s", "5 min"],
    [60, "s", "1 min"],
    [900, "s", "15 min"],
    [5400, "s", "1 h 30 min"],
    [3661.5, "s", "1 h 1 min 1.5 s"],
    [86_400, "s", "24 h"],
    [12.5, "s", "12.5 s"],
    [0.01, "s", "10 ms"],
    [0.07, "s", "70 ms"],
    [0, "s", "0 s"],
    [70, "%", "70%"],
    [8, "", "8"],
    [9999, "", "9999"],
    [1_000_000, "", "1,000,000"],
  ];
  for (const [value, unit, text] of texts) expect(written(value, unit)).toBe(text);
});

it("what is written is read back exactly, whatever the value", () => {
  for (const unit of ["s", "bytes", "%", ""])
    for (let value = 0.0001; value < 2e11; value *= 1.37) {
      const whole = unit === "s" ? value : Math.ceil(value);
      expect(read(written(whole, unit), unit)).toBe(whole);
    }
});

it("units are understood however they are typed", () => {
  const texts: [string, string, number][] = [
    ["90", "s", 90],
    [" 5min ", "s", 300],
    ["1h30m", "s", 5400],
    ["1.5 hours", "s", 5400],
    ["250 MS", "s", 0.25],
    ["1 day", "s", 86_400],
    ["1,200 s", "s", 1200],
    ["100mib", "bytes", 100 * MIB],
    ["1 GB", "bytes", 1e9],
    ["1.5 KiB", "bytes", 1536],
    ["512 bytes", "bytes", 512],
    ["104857600", "bytes", 100 * MIB],
    ["70 %", "%", 70],
    ["70", "%", 70],
    ["10,000", "", 10_000],
    ["1e3", "", 1000],
  ];
  for (const [text, unit, value] of texts) expect(read(text, unit)).toBe(value);
});

it("what could mean two things or nothing is a fault that says what to write", () => {
  const texts: [string, string, string][] = [
    ["", "s", "empty: write 90 s, 5 min or 1 h 30 min"],
    ["soon", "s", "not understood: write 90 s, 5 min or 1 h 30 min"],
    ["5 parsecs", "s", "no unit “parsecs”: write 90 s, 5 min or 1 h 30 min"],
    ["5 MiB", "s", "no unit “MiB”: write 90 s, 5 min or 1 h 30 min"],
    ["1,5 min", "s", "not understood: write 90 s, 5 min or 1 h 30 min"],
    ["100 M", "bytes", "MB or MiB?"],
    ["10 s", "bytes", "no unit “s”: write 100 MiB, 64 KiB or 500 bytes"],
    ["7 min", "%", "not a share: write 70%"],
    ["many", "", "not a number"],
    ["", "", "not a number"],
    ["5 min", "", "not a number"],
  ];
  for (const [text, unit, fault] of texts) expect(read(text, unit)).toEqual(new Unreadable(fault));
});
