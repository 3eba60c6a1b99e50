/** What the API tells of log lines: an entry each, and a bounded window on those that go on and on. */

export interface LogEntry {
  replica: string;
  /** As it stands in the log. */
  line: string;
  at: string | null;
  level: Level | null;
  message: string;
  traceback: string | null;
  request_id: string | null;
}

export type Level = "debug" | "info" | "warning" | "error" | "critical";

export const LEVELS: readonly Level[] = ["debug", "info", "warning", "error", "critical"];

export interface LogLine extends LogEntry {
  number: number;
}

/** As many are kept, and as many characters of them. */
export const MOST = 20_000;
export const MOST_CHARACTERS = 40_000_000;

export class LogWindow {
  #rest = "";
  #characters = 0;
  lines: LogLine[] = [];
  /** Whether all of the past is here. */
  hasPast = false;

  /** Lines are numbered on from `last`. */
  constructor(public last = 0) {}

  /** Text of JSON lines, however it is cut; an empty one ends the past. The oldest go when there are too many. */
  push(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    if (parts.includes("")) this.hasPast = true;
    const entries = parts.filter((one) => one !== "").map((one) => JSON.parse(one) as LogEntry);
    if (entries.length === 0) return;
    this.lines = [...this.lines, ...entries.map((one) => ({ ...one, number: (this.last += 1) }))];
    for (const one of entries) this.#characters += one.line.length;
    let gone = Math.max(0, this.lines.length - MOST);
    for (const one of this.lines.slice(0, gone)) this.#characters -= one.line.length;
    while (this.#characters > MOST_CHARACTERS && gone < this.lines.length - 1)
      this.#characters -= this.lines[gone++]?.line.length ?? 0;
    if (gone > 0) this.lines = this.lines.slice(gone);
  }
}

/** The entries of an answer that has come whole. */
export const entriesOf = (text: string): LogEntry[] =>
  text
    .split("\n")
    .filter((one) => one !== "")
    .map((one) => JSON.parse(one) as LogEntry);
