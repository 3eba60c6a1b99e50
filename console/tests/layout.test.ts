import { describe, expect, it } from "vitest";
import type { HeldRequest, PictureReplica } from "../src/api/types";
import { IN_REPLICA } from "../src/api/stages";
import { dots, lanes, mostOf, pitchFor, words } from "../src/pages/deployment/layout";

const WIDTH = 254;
const HEIGHT = 72;

function replica(held: number, slots: number): PictureReplica {
  const requests: HeldRequest[] = Array.from({ length: held }, (_, number) => ({
    request_id: `r${number}`,
    stage: IN_REPLICA[number % IN_REPLICA.length] ?? "send",
    seconds: number,
    abandoned: number % 7 === 0,
  }));
  const count = (stage: string): number => requests.filter((one) => one.stage === stage).length;
  const told = Object.fromEntries(IN_REPLICA.map((stage) => [stage, count(stage)]));
  const abandoned = requests.filter((one) => one.abandoned).length;
  return { id: "m-1", held, slots, lanes: { ...told, abandoned }, requests } as unknown as PictureReplica;
}

describe("a replica's picture", () => {
  it("has a place of its own for each request, within its lane", () => {
    const boxes = lanes(WIDTH, HEIGHT);
    for (const held of [0, 1, 2, 8, 40, 64, 100]) {
      const one = replica(held, held);
      const pitch = pitchFor(boxes, mostOf([one], 4));
      expect(pitch).toBeGreaterThan(0);
      const placed = dots(one.requests, boxes, pitch);
      expect(new Set(placed.map((dot) => `${dot.x} ${dot.y}`)).size).toBe(held);
      for (const { x, y, stage } of placed) {
        expect(x).toBeGreaterThan(boxes[stage].x);
        expect(x).toBeLessThan(boxes[stage].x + boxes[stage].width);
        expect(y).toBeLessThan(HEIGHT);
      }
    }
  });

  it("keeps the longest held in front, so that a dot does not jump when others come", () => {
    const boxes = lanes(WIDTH, HEIGHT);
    const before = dots(replica(5, 8).requests, boxes, 10);
    const young: HeldRequest = { request_id: "new", stage: "preprocess", seconds: -1, abandoned: false };
    const after = dots([young, ...replica(5, 8).requests], boxes, 10);
    for (const dot of before) expect(after).toContainEqual(dot);
  });

  it("becomes bars where dots would be too small", () => {
    expect(pitchFor(lanes(WIDTH, HEIGHT), mostOf([replica(0, 256)], 4096))).toBe(0);
  });

  it("has one scale for all replicas, that of the fullest", () => {
    const boxes = lanes(WIDTH, HEIGHT);
    const [few, many] = [replica(2, 64), replica(60, 64)];
    expect(mostOf([few, many], 4)).toEqual(mostOf([many], 4));
    expect(pitchFor(boxes, mostOf([few, many], 4))).toBeLessThan(pitchFor(boxes, mostOf([few], 4)));
    expect(mostOf([{ ...few, lanes: null }], 4)).toEqual({ preprocess: 0, gate_wait: 0, predict: 4, postprocess: 0, send: 0 });
  });

  it("leaves room for a number before each lane", () => {
    const boxes = lanes(WIDTH, HEIGHT, 30);
    for (const stage of IN_REPLICA) expect(boxes[stage].x + boxes[stage].width).toBeCloseTo(lanes(WIDTH, HEIGHT)[stage].x + lanes(WIDTH, HEIGHT)[stage].width);
    expect(boxes.preprocess.x).toBe(30);
  });

  it("is told in words too", () => {
    expect(words(replica(10, 12), 2)).toBe(
      "10 of 12 slots taken: 2 in preprocess, 2 before the gate, 2 of 2 places in predict, 2 in postprocess, " +
        "2 being sent, 2 abandoned",
    );
    expect(words({ ...replica(1, 2), lanes: null }, 2)).toBe("m-1 does not tell what it holds");
  });
});
