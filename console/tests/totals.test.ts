import { describe, expect, it } from "vitest";
import type { PictureReplica } from "../src/api/types";
import { ordered, orderNamed, totalsOf } from "../src/pages/deployment/totals";

function replica(id: string, more: Partial<PictureReplica> = {}): PictureReplica {
  const lanes = { preprocess: 1, gate_wait: 2, predict: 1, postprocess: 0, send: 0, abandoned: 1 };
  return { id, state: "ready", held: 4, slots: 4, generation: 1, lanes, ...more } as PictureReplica;
}

describe("all replicas together", () => {
  it("hold the sum of what each holds, in the slots of those that are given requests", () => {
    const all = [replica("m-1"), replica("m-2"), replica("m-3", { state: "draining" }), replica("m-4", { state: "starting", held: 0, lanes: null })];
    expect(totalsOf(all, 2)).toEqual({
      slots: 8,
      held: 8,
      stages: { preprocess: 3, gate_wait: 6, predict: 3, postprocess: 0, send: 0 },
      places: 4,
      abandoned: 3,
      silent: 0,
    });
    expect(totalsOf([replica("m-1", { lanes: null })], 2).silent).toBe(1);
  });
});

describe("their order", () => {
  const all = [
    replica("m-10", { held: 1, generation: 4 }),
    replica("m-2", { held: 4, generation: 9 }),
    replica("m-1", { held: 1, generation: 7, state: "unhealthy" }),
    replica("m-3", { held: 4, generation: 2, state: "starting" }),
  ];
  const names = (order: string): string[] => ordered(all, orderNamed(order)).map((one) => one.id);

  it("is by name, as people count", () => expect(names("name")).toEqual(["m-1", "m-2", "m-3", "m-10"]));
  it("is by load, the fullest first, equals by name", () => expect(names("load")).toEqual(["m-2", "m-3", "m-1", "m-10"]));
  it("is by age, the oldest first", () => expect(names("age")).toEqual(["m-3", "m-10", "m-1", "m-2"]));
  it("is by state, what needs a look first", () => expect(names("state")).toEqual(["m-1", "m-3", "m-2", "m-10"]));
  it("is by name whatever else an address asks for", () => {
    for (const name of [null, "", "toString", "nothing"]) expect(orderNamed(name)).toBe("name");
  });
});
