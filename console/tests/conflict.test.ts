import { expect, it } from "vitest";
import { hasMoved, isDecided, movedSince, settled } from "../src/pages/deployment/conflict";
import { keepDraft, keptDraft } from "../src/pages/deployment/drafts";
import type { Setting } from "../src/pages/deployment/setting_fields";

const setting = (name: string, unit = ""): Setting => ({ name, type: "integer", meaning: "", unit, initial: 1, low: 0, high: 10_000, choices: [] });
const SETTINGS = [setting("target"), setting("most"), setting("limit"), { ...setting("window", "s"), type: "number" as const }];
const BASE = { target: 2, most: 3, limit: 5, window: 60 };

it("what both changed to something else is to be chosen, the rest is told", () => {
  const theirs = { target: 4, most: 9, limit: 5, window: 300 };
  const moved = movedSince(SETTINGS, BASE, theirs, { target: "8", limit: "6", window: "5 min" });
  expect(moved.map(({ setting: { name }, base, theirs: now, mine, isClash }) => [name, base, now, mine, isClash])).toEqual([
    ["target", 2, 4, "8", true],
    ["most", 3, 9, null, false],
    ["limit", 5, 5, "6", false],
    ["window", 60, 300, "5 min", false],
  ]);
  expect(isDecided(moved, {})).toBe(false);
  expect(isDecided(moved, { target: "mine" })).toBe(true);
});

it("what is typed and cannot be read still stands against theirs", () => {
  const [clash] = movedSince(SETTINGS, BASE, { ...BASE, target: 4 }, { target: "eigth" });
  expect(clash).toMatchObject({ mine: "eigth", isClash: true });
});

it("a draft that says what it was begun on is no side in it", () => {
  const moved = movedSince(SETTINGS, BASE, { ...BASE, target: 4 }, { target: "2" });
  expect(moved.map((one) => [one.mine, one.isClash])).toEqual([[null, false]]);
});

it("what is left to them leaves the draft, and what is mine stays in it", () => {
  const draft = { target: "8", limit: "6", window: "5 min" };
  const moved = movedSince(SETTINGS, BASE, { target: 4, most: 9, limit: 7, window: 300 }, draft);
  expect(settled(moved, { target: "theirs", limit: "mine" }, draft)).toEqual({ limit: "6" });
  expect(settled(moved, { target: "mine", limit: "theirs" }, draft)).toEqual({ target: "8" });
});

it("settings have moved when a value differs, not when a version does", () => {
  expect(hasMoved(BASE, { ...BASE })).toBe(false);
  expect(hasMoved(BASE, { ...BASE, most: 4 })).toBe(true);
  expect(hasMoved({ target: 2 }, BASE)).toBe(false);
});

class Memory {
  #text: string | null = null;
  constructor(readonly room = Infinity) {}
  getItem(): string | null {
    return this.#text;
  }
  setItem(_: string, text: string): void {
    if (text.length > this.room) throw new Error("quota");
    this.#text = text;
  }
}

const kept = (text: string) => ({ draft: { target: text }, base: { version: 1, values: BASE }, at: 7 });

it("each deployment has a draft of its own, until it is applied", () => {
  const memory = new Memory();
  keepDraft(memory, "/a", kept("8"));
  keepDraft(memory, "/b", kept("9"));
  expect(keptDraft(memory, "/a")).toEqual(kept("8"));
  keepDraft(memory, "/a", null);
  expect(keptDraft(memory, "/a")).toBeNull();
  expect(keptDraft(memory, "/b")).toEqual(kept("9"));
});

it("drafts are bounded: the oldest goes, and what is too long is not kept", () => {
  const memory = new Memory();
  for (let number = 0; number < 21; number += 1) keepDraft(memory, `/${number}`, kept(String(number)));
  expect(keptDraft(memory, "/0")).toBeNull();
  expect(keptDraft(memory, "/1")).toEqual(kept("1"));
  keepDraft(memory, "/20", kept("x".repeat(9000)));
  expect(keptDraft(memory, "/20")).toBeNull();
});

it("a storage that is full or holds something else breaks nothing", () => {
  keepDraft(new Memory(10), "/a", kept("8"));
  const odd = new Memory();
  for (const text of ["{", "7", "null", '"x"', "[1]", "[[1,2]]"]) {
    odd.setItem("", text);
    expect(keptDraft(odd, "/a")).toBeNull();
  }
});
