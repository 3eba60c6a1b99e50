/** Looks for a regular expression on a thread of its own: one that never ends can be ended with it. */
import type { LogLine } from "./entries";
import { type Marks, expression, marksIn } from "./marks";

addEventListener("message", ({ data }: MessageEvent<{ pattern: string; lines: LogLine[] }>) => {
  const find = expression(data.pattern);
  const found: [number, Marks][] = [];
  for (const one of data.lines) {
    const marks = marksIn(one, find);
    if (marks !== null) found.push([one.number, marks]);
  }
  postMessage(found);
});
