/** JSON as it is typed: each value with its place in the text, so that a change of one leaves every other letter alone. */
export type Kind = "text" | "number" | "yes or no" | "nothing" | "object" | "list";

export interface Value {
  kind: Kind;
  start: number;
  end: number;
  /** Of an object or a list, in order; a list's have their places as names. */
  parts: Part[];
}

export interface Part {
  name: string;
  /** Where it begins in the text: an object's with its name. */
  start: number;
  value: Value;
}

/** The value that `text` is, or null where it is no JSON, or is nested too deeply to be followed. */
export function treeOf(text: string): Value | null {
  try {
    JSON.parse(text);
    return new Reader(text).value();
  } catch {
    return null;
  }
}

export const literalOf = (text: string, value: Value): string => text.slice(value.start, value.end);

/** `text` with `literal` in the place of `value`. */
export const put = (text: string, value: Value, literal: string): string =>
  text.slice(0, value.start) + literal + text.slice(value.end);

/** `text` without one part of a list or an object. */
export function without(text: string, { parts }: Value, place: number): string {
  const [part, before, after] = [parts[place], parts[place - 1], parts[place + 1]];
  if (part === undefined) return text;
  if (before !== undefined) return text.slice(0, before.value.end) + text.slice(part.value.end);
  return text.slice(0, part.start) + text.slice(after?.start ?? part.value.end);
}

/** `text` with `literal` at the end of a list, set apart as those before it are. */
export function added(text: string, { start, end, parts }: Value, literal: string): string {
  const [last, before] = [parts.at(-1), parts.at(-2)];
  if (last === undefined) return `${text.slice(0, start)}[${literal}]${text.slice(end)}`;
  const gap = before === undefined ? `,${text.slice(start + 1, last.start)}` : text.slice(before.value.end, last.start);
  return text.slice(0, last.value.end) + gap + literal + text.slice(last.value.end);
}

const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[-+.\w]+/y;
const KINDS: Record<string, Kind> = { t: "yes or no", f: "yes or no", n: "nothing" };

/** Reads what is known to be JSON. */
class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  value(): Value {
    this.#pass(SPACE);
    const start = this.#at;
    const first = this.text[start] ?? "";
    if (first === "{") return this.#parts(start, "object", "}");
    if (first === "[") return this.#parts(start, "list", "]");
    if (first === '"') this.#passText();
    else this.#pass(PLAIN);
    const kind = first === '"' ? "text" : (KINDS[first] ?? "number");
    return { kind, start, end: this.#at, parts: [] };
  }

  #parts(start: number, kind: Kind, last: string): Value {
    const parts: Part[] = [];
    this.#at += 1;
    for (this.#pass(SPACE); this.text[this.#at] !== last; this.#pass(SPACE)) {
      if (this.text[this.#at] === ",") this.#at += 1;
      this.#pass(SPACE);
      const begins = this.#at;
      const name = kind === "list" ? String(parts.length) : this.#name();
      parts.push({ name, start: begins, value: this.value() });
    }
    this.#at += 1;
    return { kind, start, end: this.#at, parts };
  }

  #name(): string {
    const begins = this.#at;
    this.#passText();
    const name = JSON.parse(this.text.slice(begins, this.#at)) as string;
    this.#pass(SPACE);
    this.#at += 1; // the colon
    return name;
  }

  #passText(): void {
    for (let end = this.text.indexOf('"', this.#at + 1); ; end = this.text.indexOf('"', end + 1)) {
      let slashes = 0;
      while (this.text[end - 1 - slashes] === "\\") slashes += 1;
      if (slashes % 2 === 0) {
        this.#at = end + 1;
        return;
      }
    }
  }

  #pass(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.exec(this.text);
    this.#at = Math.max(this.#at, pattern.lastIndex);
  }
}
