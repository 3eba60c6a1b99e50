/** A time that has passed, as the address has it: the last so many seconds, or between two instants. */
import type { Parameters } from "../../router";

export interface Span {
  /** The last so many; null where instants are given, or any time will do. */
  seconds: number | null;
  /** Instants in seconds since 1970. */
  since: number | null;
  until: number | null;
}

export function spanOf(query: URLSearchParams): Span {
  const [since, until] = [number(query, "since"), number(query, "until")];
  const last = number(query, "last");
  return { seconds: since === null && until === null ? last : null, since, until };
}

/** What the address is to say instead. */
export const lastOf = (seconds: number | null): Parameters => ({ last: seconds === null ? "" : String(seconds), since: "", until: "", ...FIRST });

export function betweenOf(since: number | null, until: number | null): Parameters {
  return { last: "", since: since === null ? "" : String(since), until: until === null ? "" : String(until), ...FIRST };
}

/** What else is asked for has other pages. */
export const FIRST: Parameters = { page: "", before: "" };

/** As a field of the type datetime-local has it, in this browser's time. */
export function localOf(unix: number | null): string {
  if (unix === null) return "";
  const at = new Date(unix * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day}T${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

/** Seconds since 1970; null for what is no time. */
export function unixOf(local: string): number | null {
  const at = new Date(local).getTime();
  return Number.isNaN(at) ? null : at / 1000;
}

export function number(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  const value = Number(text);
  return text === null || text === "" || !Number.isFinite(value) ? null : value;
}
