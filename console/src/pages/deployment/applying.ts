/** Changes settings, if they are still those that were seen, and says what came of it. */
import { call } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { SettingsChange, SettingValues } from "../../api/types";
import { type Setting, differences } from "./setting_fields";

/** The settings that a change is meant for. */
export interface Base {
  version: number;
  values: SettingValues;
}

/** What came of a change, in words. */
export interface Outcome {
  isTaken: boolean;
  text: string;
  hint: string;
}

export async function applied(path: string, changes: SettingValues, on: Base, settings: readonly Setting[] = []): Promise<Outcome> {
  const headers = { "if-match": `"${on.version}"` };
  try {
    const { message } = await call<SettingsChange>(`${path}/settings`, { method: "PATCH", body: changes, headers });
    const told = message.charAt(0).toUpperCase() + message.slice(1);
    return { isTaken: true, text: `${told}: ${differences(on.values, changes, settings).join(", ")}`, hint: "" };
  } catch (error) {
    if (!(error instanceof ApiError)) return { isTaken: false, text: String(error), hint: "" };
    const hint = error.status === 412 ? await elsewhere(path, on.values, settings) : "";
    return { isTaken: false, text: error.message, hint: hint || error.hint };
  }
}

/** What somebody else has changed since. */
async function elsewhere(path: string, seen: SettingValues, settings: readonly Setting[]): Promise<string> {
  const now = await call<{ settings: SettingValues }>(`${path}/settings`).catch(() => null);
  const changed = now === null ? [] : differences(seen, now.settings, settings);
  return changed.length > 0 ? `Elsewhere: ${changed.join(", ")}` : "";
}
