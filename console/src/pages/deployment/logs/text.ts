/** Entries as text, in the shape of `headway logs`: src/headway/cli/log_lines.py; one file of cases holds both to it. */
import type { LogEntry } from "./entries";

const INDENT = "    ";
// What a page would take as a command: control characters, and those that turn the direction of text around.
const COMMANDS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const KEPT = "\n\t";

export function asText({ at, level, replica, message, traceback, request_id }: LogEntry): string {
  const [first = "", ...more] = message.split("\n");
  const columns = [(at ?? "").padEnd(24), (level ?? "").padEnd(8), replica.padStart(12), first].join(" ");
  const head = request_id === null ? columns : `${columns}  request=${request_id}`;
  const below = [...more, ...(traceback?.split("\n") ?? [])];
  return [head, ...below.map((one) => INDENT + one)].map((one) => one.trimEnd()).join("\n");
}

/** The line as it was written: JSON in its lines, and commands as their numbers. */
export function asWritten(line: string): string {
  return inLines(line).replace(COMMANDS, (one) => {
    if (KEPT.includes(one)) return one;
    const code = one.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** It costs little, for every line that is drawn is asked. */
export const isJson = (line: string): boolean => line.startsWith("{") && line.endsWith("}");

function inLines(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}
