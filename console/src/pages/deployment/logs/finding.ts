/** Finds lines by a regular expression, as they come, without ever holding up the page. */
import type { LogLine } from "./entries";
import type { Marks } from "./marks";

/** Looked at together. */
const AT_ONCE = 500;
/** Milliseconds for those; the first time the thread begins, too. */
const LONGEST = 3000;

export class Finding {
  readonly found = new Map<number, Marks>();
  /** The newest line that was looked at. */
  seen = 0;
  problem: string | null = null;
  #worker: Worker | null = null;
  #waiting: LogLine[] = [];
  #asked = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  /** `pattern` is a regular expression that can be compiled; `changed` is called when there is more to show. */
  constructor(
    readonly pattern: string,
    private readonly changed: () => void,
  ) {}

  /** Lines in their order; those that were looked at are passed over. */
  look(lines: readonly LogLine[]): void {
    if (this.problem !== null || lines.length === 0) return;
    const newest = Math.max(this.#asked, this.#waiting.at(-1)?.number ?? 0);
    this.#waiting.push(...lines.filter((one) => one.number > newest));
    const [oldest] = lines;
    for (const number of this.found.keys()) if (number < (oldest?.number ?? 0)) this.found.delete(number);
    if (this.#asked === this.seen) this.#next();
  }

  end(): void {
    clearTimeout(this.#alarm);
    this.#worker?.terminate();
    this.#worker = null;
    this.#waiting = [];
  }

  #next(): void {
    const lines = this.#waiting.splice(0, AT_ONCE);
    const newest = lines.at(-1)?.number;
    if (newest === undefined) return;
    this.#asked = newest;
    this.#worker ??= this.#begin();
    this.#alarm = setTimeout(() => this.#giveUp(), LONGEST);
    this.#worker.postMessage({ pattern: this.pattern, lines });
  }

  #begin(): Worker {
    const worker = new Worker(new URL("./finding.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<[number, Marks][]>) => {
      clearTimeout(this.#alarm);
      this.seen = this.#asked;
      for (const [number, marks] of data) this.found.set(number, marks);
      this.changed();
      this.#next();
    });
    worker.addEventListener("error", () => this.#giveUp());
    return worker;
  }

  #giveUp(): void {
    this.end();
    this.problem = "This expression takes too long on these lines: its repetitions can match in too many ways, as in (a+)+";
    this.changed();
  }
}
