/** Which requests are shown, and how: read from the address, and asked for of the API in the same words. */
import { STAGES } from "../../api/stages";
import { FIRST, type Span, number, spanOf } from "./span";
import type { Parameters } from "../../router";

export const PAGE = 100;

/** What a request can be found by, with any of several values. */
export const FILTERS = ["status", "outcome", "replica", "stage"] as const;
export type Filter = (typeof FILTERS)[number];

export interface RequestQuery extends Record<Filter, string[]> {
  slowerThan: number | null;
  id: string;
  span: Span;
  sortBy: string;
  /** From 1 on. */
  page: number;
  /** What ended later is not shown: the list stands still. */
  before: number | null;
  /** Each bar fills its place, instead of all on one scale. */
  isEachOnItsOwn: boolean;
}

export const LONGEST = ["seconds", "first_byte", ...STAGES] as const;
export const ORDERS = ["ended_at", "arrived_at", ...LONGEST] as const;

export function requestQuery(query: URLSearchParams): RequestQuery {
  const several = (name: Filter): string[] => (query.get(name) ?? "").split(",").filter((one) => one !== "");
  return {
    status: several("status"),
    outcome: several("outcome"),
    replica: several("replica"),
    stage: several("stage"),
    slowerThan: number(query, "slower_than"),
    id: query.get("id") ?? "",
    span: spanOf(query),
    sortBy: ORDERS.find((one) => one === query.get("sort_by")) ?? "ended_at",
    page: Math.max(1, Math.floor(number(query, "page") ?? 1)),
    before: number(query, "before"),
    isEachOnItsOwn: query.get("bars") === "own",
  };
}

/** The query of the API. */
export function asked(of: RequestQuery): string {
  const told = new URLSearchParams();
  for (const name of FILTERS) for (const value of of[name]) told.append(name, value);
  const until = least(of.span.until, of.before);
  const more: [string, number | string | null][] = [
    ["slower_than", of.slowerThan],
    ["id", of.id || null],
    ["seconds", of.span.seconds],
    ["since", of.span.since],
    ["until", until],
    ["sort_by", of.sortBy],
    ["limit", PAGE],
    ["offset", of.page > 1 ? (of.page - 1) * PAGE : null],
  ];
  for (const [name, value] of more) if (value !== null) told.set(name, String(value));
  return told.toString();
}

export function isFiltered(of: RequestQuery): boolean {
  const { seconds, since, until } = of.span;
  return FILTERS.some((name) => of[name].length > 0) || of.id !== "" || [of.slowerThan, seconds, since, until].some((one) => one !== null);
}

/** What the address is to say without any filter. */
export const NO_FILTERS: Parameters = { status: "", outcome: "", replica: "", stage: "", slower_than: "", id: "", last: "", since: "", until: "", ...FIRST };

/** Statuses that can be asked for: the classes, and what there is in each, with how many there are. */
export function statusChoices(counts: Record<string, number>): [value: string, count: number][] {
  const classes = new Map<string, number>();
  for (const [status, count] of Object.entries(counts)) {
    const name = status === "none" ? status : `${status.slice(0, 1)}xx`;
    classes.set(name, (classes.get(name) ?? 0) + count);
  }
  return [...classes]
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([name, count]) => {
      const within = Object.entries(counts).filter(([status]) => status !== "none" && `${status.slice(0, 1)}xx` === name);
      return [[name, count], ...within.sort(([one], [other]) => one.localeCompare(other))] as [string, number][];
    });
}

const least = (one: number | null, other: number | null): number | null => (one === null ? other : other === null ? one : Math.min(one, other));
