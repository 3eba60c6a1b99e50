/** Values with a unit as people write them: 100 MiB, 5 min, 70%. What is written here is read back exactly. */

import { noun } from "./format";

type Units = readonly (readonly [factor: number, ...names: string[]])[];

const DURATIONS: Units = [
  [86_400, "d", "day", "days"],
  [3600, "h", "hr", "hrs", "hour", "hours"],
  [60, "min", "mins", "m", "minute", "minutes"],
  [1, "s", "sec", "secs", "second", "seconds"],
  [0.001, "ms", "millisecond", "milliseconds"],
];
const BINARY: Units = [
  [1024 ** 3, "GiB"],
  [1024 ** 2, "MiB"],
  [1024, "KiB"],
];
const DECIMAL: Units = [
  [1000 ** 3, "GB"],
  [1000 ** 2, "MB"],
  [1000, "KB", "kB"],
];
const BYTES: Units = [...BINARY, ...DECIMAL, [1, "B", "byte", "bytes"]];
const NUMBER = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+`;
const PARTS = new RegExp(String.raw`(${NUMBER})\s*([a-z]+)\s*`, "giy");

/** What is wrong with a text that is no quantity. */
export class Unreadable {
  constructor(readonly fault: string) {}
}

/** The value in the API's unit; a bare number is in that unit already. */
export function read(text: string, unit: string): number | Unreadable {
  const trimmed = text.trim();
  if (/^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(trimmed) && Number.isFinite(Number(trimmed))) return Number(trimmed);
  if (unit === "s") return readSum(trimmed, DURATIONS, "90 s, 5 min or 1 h 30 min");
  if (unit === "bytes") return readBytes(trimmed);
  const bare = new RegExp(String.raw`^(${NUMBER})\s*(?:${unit === "%" ? "%|percent" : ""})$`, "i").exec(trimmed)?.[1];
  if (bare !== undefined) return plain(bare);
  return new Unreadable(unit === "%" ? "not a share: write 70%" : "not a number");
}

/** The same value for people to read. */
export function written(value: number, unit: string): string {
  const text = unit === "s" ? writtenDuration(value) : unit === "bytes" ? writtenBytes(value) : unit === "%" ? `${value}%` : grouped(value);
  return read(text, unit) === value ? text : `${value}${unit && ` ${unit}`}`;
}

function readBytes(text: string): number | Unreadable {
  const short = /([kmg])$/i.exec(text)?.[1]?.toUpperCase();
  if (short !== undefined) return new Unreadable(`${short}B or ${short}iB?`);
  const value = readSum(text, BYTES, "100 MiB, 64 KiB or 500 bytes");
  return typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value;
}

function readSum(text: string, units: Units, example: string): number | Unreadable {
  PARTS.lastIndex = 0;
  let sum = 0;
  while (PARTS.lastIndex < text.length) {
    const found = PARTS.exec(text);
    if (found === null) return new Unreadable(`not understood: write ${example}`);
    const [, number = "", name = ""] = found;
    const factor = units.find(([, ...names]) => names.some((one) => one.toLowerCase() === name.toLowerCase()))?.[0];
    if (factor === undefined) return new Unreadable(`no unit “${name}”: write ${example}`);
    sum += factor < 1 ? plain(number) / (1 / factor) : plain(number) * factor;
  }
  return text === "" ? new Unreadable(`empty: write ${example}`) : sum;
}

const plain = (number: string): number => Number(number.replaceAll(",", ""));

function writtenDuration(value: number): string {
  if (value > 0 && value < 1) return `${Number((value * 1000).toPrecision(12))} ms`;
  if (value < 60) return `${value} s`;
  const [hours, minutes] = [Math.floor(value / 3600), Math.floor((value % 3600) / 60)];
  const left = Number((value % 60).toPrecision(12));
  return [hours && `${hours} h`, minutes && `${minutes} min`, left && `${left} s`].filter(Boolean).join(" ");
}

function writtenBytes(value: number): string {
  for (const [factor, name] of BINARY) if (value >= factor && Number.isInteger((value / factor) * 100)) return `${value / factor} ${name}`;
  for (const [factor, name] of DECIMAL) if (value >= factor && value % factor === 0) return `${value / factor} ${name}`;
  return `${grouped(value)} ${noun(value, "byte")}`;
}

/** Four digits are read at a glance, more are not. */
function grouped(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 10_000 ? value.toLocaleString("en") : String(value);
}
