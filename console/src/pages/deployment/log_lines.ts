/** A bounded window on logs that go on and on. */

export interface LogLine {
  number: number;
  replica: string;
  line: string;
}

export const MOST = 5000;

export class LogWindow {
  #rest = "";
  #last = 0;
  lines: LogLine[] = [];

  /** Text of JSON lines, however it is cut. The oldest lines go when there are too many. */
  push(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    const read = parts.filter((one) => one !== "").map((one) => JSON.parse(one) as { replica: string; line: string });
    const numbered = read.map((one) => ({ ...one, number: (this.#last += 1) }));
    this.lines = [...this.lines, ...numbered].slice(-MOST);
  }
}

export function found(lines: readonly LogLine[], replica: string, words: string): LogLine[] {
  const wanted = words.toLowerCase();
  return lines.filter((one) => (replica === "" || one.replica === replica) && one.line.toLowerCase().includes(wanted));
}
