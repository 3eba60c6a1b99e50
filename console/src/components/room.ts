/** Where something can lie over a page without covering what is pressed or typed into. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Point {
  left: number;
  top: number;
}

const EDGE = 12;
const STEP = 6;

/** The lowest free place at the right edge of the window, else at the left one; null: everything is taken. */
export function freePlace(size: Pick<Box, "width" | "height">, taken: readonly Box[], window: Pick<Box, "width" | "height">): Point | null {
  const lowest = window.height - size.height - EDGE;
  for (const left of [window.width - size.width - EDGE, EDGE])
    for (let top = lowest; top >= EDGE; top -= STEP) if (!taken.some((one) => overlaps({ left, top, ...size }, one))) return { left, top };
  return null;
}

const overlaps = (one: Box, other: Box): boolean =>
  one.left < other.left + other.width && other.left < one.left + one.width && one.top < other.top + other.height && other.top < one.top + one.height;
