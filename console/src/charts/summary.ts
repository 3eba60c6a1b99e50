import type { Series } from "../api/types";
import type { Line } from "./chart";

/** A chart in words: the last and the largest value of each of its lines. */
export function summary(
  label: string,
  lines: readonly Pick<Line, "label" | "values">[],
  format: (value: number) => string,
  end = "now",
): string {
  const told = lines.map(({ label: name, values }) => {
    const known = values.filter((one) => one !== null);
    const last = known.at(-1);
    if (last === undefined) return `${name} not known`;
    return `${name} ${end} ${format(last)}, at most ${format(known.reduce((one, other) => Math.max(one, other)))}`;
  });
  return `${label}: ${told.join("; ")}`;
}

/** Where a value stands between two that are not known: no line goes through it. */
export const lone = (values: Series): number[] =>
  values.flatMap((value, place) =>
    value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null ? [place] : [],
  );

/** The sum, known where either is. */
export const sum = (one: Series, other: Series): Series =>
  one.map((value, place) => {
    const second = other[place] ?? null;
    return value === null && second === null ? null : (value ?? 0) + (second ?? 0);
  });

/** Where any of the lines has a value. */
export const known = (lines: readonly Pick<Line, "values">[]): number[] => {
  const places = new Set(lines.flatMap(({ values }) => values.flatMap((value, place) => (value === null ? [] : [place]))));
  return [...places].sort((one, other) => one - other);
};
