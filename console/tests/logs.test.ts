import { expect, it } from "vitest";
import read from "../../tests/telemetry/log_cases.json";
import { type LogEntry, LogWindow, MOST, entriesOf } from "../src/pages/deployment/logs/entries";
import { addressed, around, callOf, filtersOf, instantOf, isFiltered } from "../src/pages/deployment/logs/filters";
import { type Find, expression, fault, marksIn, pieces, words } from "../src/pages/deployment/logs/marks";
import { asText, asWritten } from "../src/pages/deployment/logs/text";

const NOTHING: LogEntry = { replica: "echo-1", line: "", at: null, level: null, message: "", traceback: null, request_id: null };

interface Case {
  name: string;
  entries: Partial<LogEntry>[];
  shown: string[];
}

const CASES = read as Case[];

it.each(CASES.map((one) => [one.name, one] as const))("reads as `headway logs` has it: %s", (_, { entries, shown }) => {
  expect(entries.map((one) => asText({ ...NOTHING, ...one })).join("\n").split("\n")).toEqual(shown);
});

const line = (message: string, replica = "m-1"): string => `${JSON.stringify({ ...NOTHING, replica, line: message, message })}\n`;

it("logs are the same wherever they are cut, and numbered on", () => {
  const text = line("one") + line("two", "m-2") + "\n" + line("three");
  for (let cut = 0; cut <= text.length; cut += 1) {
    const window = new LogWindow(7);
    window.push(text.slice(0, cut));
    window.push(text.slice(cut));
    expect(window.lines.map((one) => [one.number, one.message])).toEqual([
      [8, "one"],
      [9, "two"],
      [10, "three"],
    ]);
    expect(window.hasPast).toBe(true);
  }
  expect(entriesOf(text).map((one) => one.message)).toEqual(["one", "two", "three"]);
});

it("what is kept of logs is bounded, in lines and in characters", () => {
  const window = new LogWindow();
  window.push(line("old") + line("x").repeat(MOST));
  expect([window.lines.length, window.lines[0]?.message]).toEqual([MOST, "x"]);
  const long = line("y".repeat(1_000_000));
  for (let count = 0; count < 60; count += 1) window.push(long);
  expect(window.lines.length).toBe(40);
});

it("filters are in the address, and only those that are set", () => {
  const query = "level=error&replica=echo-1&since=2026-01-02T10%3A00%3A00.000Z&request=r1&text=a%26b&regex=1&follow=0&tail=5000&unfold=1";
  const filters = filtersOf(new URLSearchParams(query));
  expect(new URLSearchParams(addressed(filters)).toString().split("&").sort()).toEqual([...query.split("&"), "tab=logs"].sort());
  expect(addressed(filtersOf(new URLSearchParams("level=loud&tail=7&regex=2")))).toEqual({ tab: "logs" });
  expect(isFiltered(filtersOf(new URLSearchParams("tail=5000&follow=0")))).toBe(false);
  expect(filtersOf(new URLSearchParams("until=x")).follow).toBe(false);
});

it("the API is asked for what it can find, and for a regular expression for all that is kept", () => {
  const asked = (query: string): string => callOf("/p", filtersOf(new URLSearchParams(query)), { follow: true });
  expect(asked("text=no&level=error")).toBe("/p/logs?level=error&text=no&tail=1000&follow=true");
  expect(asked("text=n.&regex=1&request=r1")).toBe(`/p/logs?request_id=r1&tail=${MOST}&follow=true`);
});

it.each([
  ["10m", "2026-01-02T10:01:12.345Z"],
  ["1.5 h", "2026-01-02T08:41:12.345Z"],
  ["09:30", "2026-01-02T09:30:00.000Z"],
  ["2026-01-01", "2026-01-01T00:00:00.000Z"],
  ["2026-01-01 12:00", "2026-01-01T12:00:00.000Z"],
  ["2026-01-01T12:00:00.5+02:00", "2026-01-01T10:00:00.500Z"],
  ["soon", null],
  ["1w", null],
  ["25:00", null],
  ["12", null],
])("an instant is so long ago or a time, in UTC: %s", (text, expected) => {
  expect(instantOf(text, new Date("2026-01-02T10:11:12.345Z"))).toBe(expected);
});

it("what came around a moment is a window on it", () => {
  expect(around("2026-01-02T10:11:12.345Z")).toEqual({
    tab: "logs",
    since: "2026-01-02T10:10:42.345Z",
    until: "2026-01-02T10:11:42.345Z",
    mark: "2026-01-02T10:11:12.345Z",
  });
});

it("matches are marked where they stand", () => {
  const shown = (text: string, find: Find): string => pieces(text, find(text)).map((one) => (one.isMarked ? `<${one.text}>` : one.text)).join("");
  expect(shown("One of one", words("ONE"))).toBe("<One> of <one>");
  expect(shown("a.b", words("."))).toBe("a<.>b");
  expect(shown("ERR 12 and 345", expression("\\d+"))).toBe("ERR <12> and <345>");
  expect(shown("aaa", expression("b*"))).toBe("aaa");
  expect(words("x")("x".repeat(10_000))).toHaveLength(200);
});

it("a line is found by its message, its traceback or as it was written", () => {
  const entry = { ...NOTHING, message: "no", traceback: "Trace\n  x", line: '{"message": "no", "user": "ada"}' };
  expect(marksIn(entry, words("no"))).toEqual({ message: [[0, 2]], traceback: [], inLine: false });
  expect(marksIn(entry, words("x"))).toEqual({ message: [], traceback: [[8, 9]], inLine: false });
  expect(marksIn(entry, expression("a.a"))).toEqual({ message: [], traceback: [], inLine: true });
  expect(marksIn(entry, words("other"))).toBeNull();
});

it("what is no regular expression is told in words", () => {
  expect(fault("a|b")).toBeNull();
  expect(fault("(")).toMatch(/^This is no regular expression: unterminated group/);
});

it("a line as it was written obeys nothing", () => {
  expect(asWritten('{"a": "\\u001b[31m", "b": 1}')).toBe('{\n  "a": "\\u001b[31m",\n  "b": 1\n}');
  expect(asWritten("\u001b[2J\u202e\ta\n")).toBe("\\x1b[2J\\u202e\ta\n");
});
