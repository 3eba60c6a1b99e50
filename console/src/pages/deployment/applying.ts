/** Changes settings, if they are still those that were seen, and says what came of it. */
import { call } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { SettingsChange, SettingValues } from "../../api/types";
import { tell, tellError } from "../../components/toasts";
import { differences } from "./setting_fields";

/** The settings that a change is meant for. */
export interface Base {
  version: number;
  values: SettingValues;
}

/** Whether the changes are taken. */
export async function applied(path: string, changes: SettingValues, on: Base): Promise<boolean> {
  const headers = { "if-match": `"${on.version}"` };
  let message: string;
  try {
    ({ message } = await call<SettingsChange>(`${path}/settings`, { method: "PATCH", body: changes, headers }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) await explain(path, on.values, error);
    else tellError(error);
    return false;
  }
  const told = message.charAt(0).toUpperCase() + message.slice(1);
  tell(`${told}: ${differences(on.values, changes).join(", ")}`);
  return true;
}

/** Say what somebody else has changed since. */
async function explain(path: string, seen: SettingValues, error: ApiError): Promise<void> {
  const now = await call<{ settings: SettingValues }>(`${path}/settings`).catch(() => null);
  const elsewhere = now === null ? [] : differences(seen, now.settings);
  const hint = elsewhere.length > 0 ? `Elsewhere: ${elsewhere.join(", ")}` : error.hint;
  tellError(new ApiError(error.status, error.code, error.message, hint));
}
