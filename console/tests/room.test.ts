import { expect, it } from "vitest";
import { freePlace } from "../src/components/room";

const WINDOW = { width: 400, height: 600 };
const SIZE = { width: 300, height: 50 };
const row = (top: number, left = 0, width = 400) => ({ left, top, width, height: 30 });

it("it lies at the foot to the right where nothing is in the way", () => {
  expect(freePlace(SIZE, [], WINDOW)).toEqual({ left: 88, top: 538 });
});

it("it goes up until it covers nothing", () => {
  const found = freePlace(SIZE, [row(560), row(500), row(430)], WINDOW);
  expect(found).not.toBeNull();
  const bottom = (found?.top ?? 0) + SIZE.height;
  expect(bottom).toBeLessThanOrEqual(430);
  expect(bottom).toBeGreaterThan(400);
});

it("it goes to the left where the right is full", () => {
  const right = Array.from({ length: 60 }, (_, place) => row(place * 10, 320, 80));
  expect(freePlace(SIZE, right, WINDOW)).toEqual({ left: 12, top: 538 });
});

it("there may be no place at all", () => {
  expect(freePlace(SIZE, Array.from({ length: 60 }, (_, place) => row(place * 10)), WINDOW)).toBeNull();
});
