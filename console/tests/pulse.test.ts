import { expect, test } from "vitest";
import { ASKED_AFTER, Pulse, SILENT_AFTER } from "../src/api/pulse";

/** Looks every half second from `since` on, and says when it was to ask first and when it was silent. */
function looks(pulse: Pulse, since: number, until: number): { asked: number | null; silent: number | null } {
  let [asked, silent]: (number | null)[] = [null, null];
  for (let now = since; now <= until; now += 500) {
    if (pulse.look(now)) asked ??= now;
    if (!pulse.answers.value) silent ??= now;
  }
  return { asked: asked ?? null, silent: silent ?? null };
}

test("a silence is told within five seconds, and control asked before", () => {
  const pulse = new Pulse();
  pulse.look(0);
  pulse.heard(10);
  const { asked, silent } = looks(pulse, 500, 6000);
  expect(asked).toBeGreaterThanOrEqual(ASKED_AFTER);
  expect(silent).toBeGreaterThanOrEqual(SILENT_AFTER);
  expect(silent).toBeLessThan(5000);
  expect(asked).toBeLessThan(silent ?? 0);
});

test("whatever comes ends it, and what comes in time keeps it away", () => {
  const pulse = new Pulse();
  looks(pulse, 0, 6000);
  expect(pulse.answers.value).toBe(false);
  pulse.heard(6100);
  expect(pulse.answers.value).toBe(true);
  for (let now = 6500; now < 60_000; now += 1500) {
    pulse.heard(now);
    expect(looks(pulse, now, now + 1000)).toEqual({ asked: null, silent: null });
  }
  pulse.missed();
  expect(pulse.answers.value).toBe(false);
});

test("what was not looked at is no silence", () => {
  const pulse = new Pulse();
  pulse.look(0);
  pulse.heard(0);
  expect(looks(pulse, 3_600_000, 3_601_500)).toEqual({ asked: null, silent: null });
  looks(pulse, 3_602_000, 3_608_000);
  expect(pulse.answers.value).toBe(false);
  pulse.look(7_000_000);
  expect(pulse.answers.value).toBe(false);
});
