/** Where in an entry what is looked for stands. */
import type { LogEntry } from "./entries";

export type Span = [from: number, to: number];

export interface Marks {
  message: Span[];
  traceback: Span[];
  /** It stands in the line as it was written. */
  inLine: boolean;
}

export type Find = (text: string) => Span[];

/** So many are marked in a text. */
const MOST = 200;
/** Of a text, where a regular expression is looked for. */
const LONGEST = 20_000;

export function marksIn(entry: LogEntry, find: Find): Marks | null {
  const message = find(entry.message);
  const traceback = entry.traceback === null ? [] : find(entry.traceback);
  const inLine = message.length + traceback.length === 0 && find(entry.line).length > 0;
  return message.length + traceback.length > 0 || inLine ? { message, traceback, inLine } : null;
}

/** In capitals or not. */
export function words(wanted: string): Find {
  const low = wanted.toLowerCase();
  return (text) => {
    const where = text.toLowerCase();
    const spans: Span[] = [];
    if (low === "" || where.length !== text.length) return spans;
    for (let from = where.indexOf(low); from >= 0 && spans.length < MOST; from = where.indexOf(low, from + low.length))
      spans.push([from, from + low.length]);
    return spans;
  };
}

/** Throws what RegExp does. What it matches without a character counts as found, and marks nothing. */
export function expression(pattern: string): Find {
  const wanted = new RegExp(pattern, "gi");
  return (text) => {
    const spans: Span[] = [];
    for (const one of text.slice(0, LONGEST).matchAll(wanted)) {
      spans.push([one.index, one.index + one[0].length]);
      if (spans.length >= MOST) break;
    }
    return spans;
  };
}

/** What is wrong with an expression, in words; null where nothing is. */
export function fault(pattern: string): string | null {
  try {
    new RegExp(pattern, "gi");
    return null;
  } catch (error) {
    const told = error instanceof Error ? (error.message.split(": ").at(-1) ?? "") : "";
    return `This is no regular expression: ${told.charAt(0).toLowerCase()}${told.slice(1)}`;
  }
}

/** The text in pieces, each with whether it is marked. */
export function pieces(text: string, spans: Span[]): { text: string; isMarked: boolean }[] {
  const made: { text: string; isMarked: boolean }[] = [];
  let place = 0;
  for (const [from, to] of spans) {
    if (from > place) made.push({ text: text.slice(place, from), isMarked: false });
    if (to > from) made.push({ text: text.slice(from, to), isMarked: true });
    place = Math.max(place, to);
  }
  if (place < text.length) made.push({ text: text.slice(place), isMarked: false });
  return made;
}
