import { describe, expect, it } from "vitest";
import { errorOf } from "../src/api/errors";
import { EventParser, backOff } from "../src/api/sse";

const STREAM = 'event: state\ndata: {"a": 1}\n\n: still here\n\nevent: state\ndata: x\ndata: y\n\n';
const EVENTS = [
  { event: "state", data: '{"a": 1}' },
  { event: "state", data: "x\ny" },
];

describe("a stream of events", () => {
  it("is the same wherever it is cut", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new EventParser();
      expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(EVENTS);
    }
  });

  it("is connected again after longer and longer waits, up to a bound", () => {
    const waits = [0, 1, 2, 3, 10, 1000].map((failures) => backOff(failures, 0.5));
    expect(waits).toEqual([0.5, 1, 2, 4, 10, 10]);
    expect(backOff(0, 0)).toBeLessThan(backOff(0, 1));
  });
});

describe("an error", () => {
  it("has the hint that the API gave", async () => {
    const body = JSON.stringify({ error: { code: "stale", message: "changed since", hint: "look again" } });
    const error = await errorOf(new Response(body, { status: 412 }));
    expect([error.status, error.code, error.message, error.hint]).toEqual([412, "stale", "changed since", "look again"]);
  });

  it("of another's making is told as it came", async () => {
    expect((await errorOf(new Response("<h1>Bad gateway", { status: 502 }))).message).toBe("<h1>Bad gateway");
  });
});
