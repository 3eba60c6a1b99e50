/** Two people change the settings at once: what each has changed since, and what has to be chosen. */
import type { SettingValue, SettingValues } from "../../api/types";
import { type Draft, type Setting, faultOf, valueOf } from "./setting_fields";

/** A setting that somebody else, the draft, or both have changed since the draft was begun. */
export interface Moved {
  setting: Setting;
  /** When the draft was begun. */
  base: SettingValue | undefined;
  /** In force now. */
  theirs: SettingValue | undefined;
  /** As it was typed; null where it was not. */
  mine: string | null;
  /** Both have changed it, to something else. */
  isClash: boolean;
}

export type Side = "theirs" | "mine";
export type Choices = Record<string, Side>;

export function movedSince(settings: readonly Setting[], base: SettingValues, present: SettingValues, draft: Draft): Moved[] {
  return settings.flatMap((setting) => {
    const { name } = setting;
    const [was, theirs, mine] = [base[name], present[name], draft[name] ?? null];
    const isTheirs = was !== theirs;
    const isMine = mine !== null && !means(setting, mine, was);
    if (!isTheirs && !isMine) return [];
    return [{ setting, base: was, theirs, mine: isMine ? mine : null, isClash: isTheirs && isMine && !means(setting, mine, theirs) }];
  });
}

/** Whether the settings have moved on since the draft was begun. */
export const hasMoved = (base: SettingValues, present: SettingValues): boolean =>
  Object.keys(present).some((name) => name in base && base[name] !== present[name]);

export const isDecided = (moved: readonly Moved[], choices: Choices): boolean =>
  moved.every((one) => !one.isClash || choices[one.setting.name] !== undefined);

/** The draft without what was left to them, and without what is in force already. */
export function settled(moved: readonly Moved[], choices: Choices, draft: Draft): Draft {
  const dropped = new Set(
    moved
      .filter((one) => (one.isClash ? choices[one.setting.name] === "theirs" : one.mine === null || means(one.setting, one.mine, one.theirs)))
      .map((one) => one.setting.name),
  );
  return Object.fromEntries(Object.entries(draft).filter(([name]) => !dropped.has(name)));
}

const means = (setting: Setting, text: string, value: SettingValue | undefined): boolean =>
  faultOf(setting, text) === "" && valueOf(setting, text) === value;
