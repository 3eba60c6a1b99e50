/** Changes in words. */
import type { Change } from "./api/types";

/** "by ci", or that there was no key to tell by. */
export const byWhom = (one: Pick<Change, "by" | "key_prefix">): string =>
  one.key_prefix === null && one.by === "no key" ? "without a key" : `by ${one.by}`;
