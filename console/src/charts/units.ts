/** What a chart's values are: as text each with the unit that suits it, and as labels of one axis all in the same. */
import { bytes, digits, seconds } from "../format";

export interface Unit {
  format(value: number): string;
  /** The labels of an axis, whole. */
  labels(ticks: readonly number[]): string[];
  /** How far apart ticks may be; without it, whatever is round as a number. */
  steps?: number[];
}

type Scale = readonly [from: number, factor: number, name: string];

const TIMES: readonly Scale[] = [
  [7200, 3600, "h"],
  [120, 60, "min"],
  [1, 1, "s"],
  [0.001, 0.001, "ms"],
  [0, 1e-6, "µs"],
];
const BINARY: readonly Scale[] = [
  [1024 ** 4, 1024 ** 4, "TiB"],
  [1024 ** 3, 1024 ** 3, "GiB"],
  [1024 ** 2, 1024 ** 2, "MiB"],
  [1024, 1024, "KiB"],
  [0, 1, "B"],
];
const PLAIN: readonly Scale[] = [[0, 1, ""]];

const DECADES = [-6, -5, -4, -3, -2, -1, 0].flatMap((power) => [1, 2, 5].map((one) => Number(`${one}e${power}`)));
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);

export const TIME: Unit = { format: seconds, labels: (ticks) => labelled(ticks, TIMES), steps: [...DECADES, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 36_000, 86_400] };
export const SIZE: Unit = { format: bytes, labels: (ticks) => labelled(ticks, BINARY), steps: POWERS };
export const NUMBER: Unit = { format: digits, labels: (ticks) => labelled(ticks, PLAIN) };
/** What there is no half of. */
export const WHOLE: Unit = { ...NUMBER, steps: [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power)) };

const MOST_DECIMALS = 6;

/** The largest says in which unit, and as many decimals as the finest of them needs. */
function labelled(ticks: readonly number[], scales: readonly Scale[]): string[] {
  const most = ticks.reduce((one, other) => Math.max(one, other), 0);
  const [, factor, name] = scales.find(([from]) => most >= from) ?? [0, 1, ""];
  const values = ticks.map((one) => Number((one / factor).toPrecision(9)));
  let decimals = 0;
  while (decimals < MOST_DECIMALS && values.some((one) => Number(one.toFixed(decimals)) !== one)) decimals += 1;
  const text = (value: number): string => value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return values.map((one) => (one === 0 ? "0" : `${text(one)}${name && ` ${name}`}`));
}
