/** Which lines are asked for: read from the address, written into it, and asked of the API. */
import type { Parameters } from "../../../router";
import { LEVELS, type Level, MOST } from "./entries";

export interface Filters {
  level: Level | "";
  replica: string;
  /** Instants as they stand in the address; empty for none. */
  since: string;
  until: string;
  request: string;
  text: string;
  isRegex: boolean;
  follow: boolean;
  /** Tracebacks are shown whole. */
  unfold: boolean;
  tail: number;
  /** The moment that a link is about. */
  mark: string;
}

const TAIL = 1000;
export const TAILS = [TAIL, 5000, MOST];
/** Of a download. */
const ALL = 100_000;

export function filtersOf(query: URLSearchParams): Filters {
  const has = (name: string): string => query.get(name) ?? "";
  const level = LEVELS.find((one) => one === query.get("level")) ?? "";
  return {
    level,
    replica: has("replica"),
    since: has("since"),
    until: has("until"),
    request: has("request"),
    text: has("text"),
    isRegex: has("regex") === "1",
    follow: has("until") === "" && has("follow") !== "0",
    unfold: has("unfold") === "1",
    tail: TAILS.find((one) => String(one) === query.get("tail")) ?? TAIL,
    mark: has("mark"),
  };
}

/** What of them stands in the address: only what is not as it is anyway. */
export function addressed(filters: Filters): Parameters {
  const { level, replica, since, until, request, text, mark } = filters;
  const stated: Parameters = {
    ...{ level, replica, since, until, request, text, mark },
    regex: filters.isRegex ? "1" : "",
    follow: filters.follow || until !== "" ? "" : "0",
    unfold: filters.unfold ? "1" : "",
    tail: filters.tail === TAIL ? "" : String(filters.tail),
  };
  return { tab: "logs", ...Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== "")) };
}

/** Whether anything is left out that there is. */
export const isFiltered = ({ level, replica, since, until, request, text }: Filters): boolean =>
  [level, replica, since, until, request, text].some((one) => one !== "");

/** The call of the API. A regular expression is looked for here, in as many lines as are kept. */
export function callOf(path: string, filters: Filters, { follow, isWhole = false }: { follow: boolean; isWhole?: boolean }): string {
  const { level, replica, since, until, request, text, isRegex } = filters;
  const asked: Parameters = { level, replica, since, until, request_id: request, text: isRegex ? "" : text };
  const stated = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
  stated.set("tail", String(isWhole ? ALL : tailOf(filters)));
  if (follow) stated.set("follow", "true");
  return `${path}/logs?${stated.toString()}`;
}

export const tailOf = (filters: Filters): number => (filters.isRegex && filters.text !== "" ? MOST : filters.tail);

/** Half a minute before and after a moment, of all that is. */
export function around(at: string): Parameters {
  const moment = Date.parse(at);
  const iso = (offset: number): string => new Date(moment + offset).toISOString();
  return { tab: "logs", since: iso(-30_000), until: iso(30_000), mark: at };
}

const AGO = /^(\d+(?:\.\d+)?)\s*([smhd])$/;
const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DAY = /^\d{4}-\d\d-\d\d$/;
const CLOCK = /^\d\d:\d\d(:\d\d(\.\d+)?)?$/;
const ZONE = /(Z|[+-]\d\d:?\d\d)$/i;

/** The instant that is meant, as lines show theirs, in UTC where no zone is said; null for what is none. */
export function instantOf(text: string, now: Date): string | null {
  const said = text.trim();
  const [, number, unit = ""] = AGO.exec(said) ?? [];
  if (number !== undefined) return new Date(now.getTime() - Number(number) * (SECONDS[unit] ?? 0) * 1000).toISOString();
  const dated = CLOCK.test(said) ? `${now.toISOString().slice(0, 10)}T${said}` : said.replace(" ", "T");
  if (!/^\d{4}-\d\d-\d\d(T|$)/.test(dated)) return null;
  const at = Date.parse(ZONE.test(dated) || DAY.test(dated) ? dated : `${dated}Z`);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
