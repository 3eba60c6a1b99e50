import { describe, expect, it } from "vitest";
import type { Saturation, Status } from "../src/api/types";
import { toneOf } from "../src/components/status";
import { sentence } from "../src/format";

const saturated = (level: Saturation["level"]): Saturation => ({ code: "slots_full", level }) as Saturation;

describe("a badge", () => {
  it("is green only where who comes now is served", () => {
    expect(toneOf("ACTIVE", null)).toBe("good");
    expect(toneOf("ACTIVE", saturated("note"))).toBe("warn");
    expect(toneOf("ACTIVE", saturated("wait"))).toBe("warn");
    expect(toneOf("ACTIVE", saturated("refused"))).toBe("bad");
  });

  it("keeps calm about what somebody wants, and about what rests", () => {
    const calm: [Status, Saturation["level"], string][] = [
      ["INACTIVE", "refused", "idle"],
      ["DELETING", "refused", "idle"],
      ["SCALED_TO_ZERO", "note", "idle"],
      ["DEPLOYING", "wait", "busy"],
      ["DEPLOYING", "refused", "bad"],
    ];
    for (const [status, level, tone] of calm) expect(toneOf(status, saturated(level))).toBe(tone);
  });
});

it("a sentence begins large and ends with a point", () => {
  expect(sentence("all slots are taken")).toBe("All slots are taken.");
  expect(sentence("queue_limit is 0")).toBe("queue_limit is 0.");
  expect(sentence("starting: 12 s of about 2 min")).toBe("Starting: 12\u00a0s of about 2\u00a0min.");
  expect(sentence("why?")).toBe("Why?");
  expect(sentence("")).toBe("");
});
