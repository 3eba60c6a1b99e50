/** What was typed into settings and not applied, kept for this tab: of so many deployments, and no more of each. */
import { useState } from "preact/hooks";
import type { SettingValues } from "../../api/types";
import type { Base } from "./applying";
import type { Draft } from "./setting_fields";

/** What the form holds. The page keeps it, since the form goes with its tab. */
export interface Editing {
  draft: Draft;
  /** What the draft was begun on; null: the present settings. */
  base: Base | null;
  /** What takes the latest change back. */
  undo: SettingValues | null;
  /** When a draft was typed that was found again, in milliseconds since 1970. */
  foundFrom: number | null;
}

interface Kept {
  draft: Draft;
  base: Base;
  at: number;
}

const NAME = "headway.drafts";
const MOST = 20;
const MOST_CHARACTERS = 8000;
const UNTOUCHED: Editing = { draft: {}, base: null, undo: null, foundFrom: null };

/** The form's state for the deployment at `path`, with what was typed there before. */
export function useEditing(path: string): [Editing, (change: (before: Editing) => Editing) => void] {
  const [editing, setEditing] = useState<Editing>(() => {
    const kept = keptDraft(sessionStorage, path);
    return kept === null ? UNTOUCHED : { ...UNTOUCHED, draft: kept.draft, base: kept.base, foundFrom: kept.at };
  });
  const edit = (change: (before: Editing) => Editing): void =>
    setEditing((before) => {
      const after = change(before);
      const isTyped = Object.keys(after.draft).length > 0 && after.base !== null;
      keepDraft(sessionStorage, path, isTyped ? { draft: after.draft, base: after.base as Base, at: Date.now() } : null);
      return after;
    });
  return [editing, edit];
}

export function keptDraft(storage: Pick<Storage, "getItem">, path: string): Kept | null {
  return all(storage).find(([one]) => one === path)?.[1] ?? null;
}

/** null forgets it. What is too long is not kept, and the oldest make room. */
export function keepDraft(storage: Pick<Storage, "getItem" | "setItem">, path: string, kept: Kept | null): void {
  const others = all(storage).filter(([one]) => one !== path);
  const isKept = kept !== null && JSON.stringify(kept).length <= MOST_CHARACTERS;
  const left = isKept ? [...others, [path, kept] as const].slice(-MOST) : others;
  try {
    storage.setItem(NAME, JSON.stringify(left));
  } catch {
    // no room: it lasts as long as the page
  }
}

function all(storage: Pick<Storage, "getItem">): (readonly [string, Kept])[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(NAME) ?? "[]");
    return Array.isArray(found) ? found.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(one: unknown): one is readonly [string, Kept] {
  if (!Array.isArray(one) || typeof one[0] !== "string") return false;
  const kept = one[1] as Partial<Kept> | null;
  return typeof kept === "object" && typeof kept?.draft === "object" && typeof kept.base?.values === "object";
}
