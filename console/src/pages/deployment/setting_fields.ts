/** The settings' form as values: what is typed, what of it differs, and what it means. */
import type { SettingValue, SettingValues } from "../../api/types";
import { Unreadable, read, written } from "../../quantities";

export interface Setting {
  name: string;
  type: "boolean" | "integer" | "number" | "string";
  meaning: string;
  unit: string;
  initial: SettingValue;
  low?: number | undefined;
  high?: number | undefined;
  choices: string[];
}

interface Property {
  type: Setting["type"];
  description: string;
  default: SettingValue;
  minimum?: number;
  maximum?: number;
  enum?: string[];
}

/** Those that are looked at most; the others fold away. */
export const MAIN = [
  "concurrency_target",
  "min_replica",
  "max_replica",
  "autoscaling_window",
  "scale_down_delay",
  "target_utilization_percentage",
  "max_scale_down_rate",
];

const PATH = "/v1/models/{model}/deployments/{deployment}/settings";

/** From the API's own description of what a change of settings takes. */
export function settingsOf(description: unknown): Setting[] {
  const paths = (description as { paths: Record<string, { patch: { requestBody: { content: Record<string, { schema: { properties: Record<string, Property> } }> } } }> }).paths;
  const properties = paths[PATH]?.patch.requestBody.content["application/json"]?.schema.properties ?? {};
  return Object.entries(properties).map(([name, one]) => {
    const [, meaning = one.description, unit = ""] = /^(.*) \(([^()]+)\)$/.exec(one.description) ?? [];
    const { type, minimum: low, maximum: high } = one;
    return { name, type, meaning, unit, initial: one.default, low, high, choices: one.enum ?? [] };
  });
}

/** What was typed for a setting, as far as it was touched. */
export type Draft = Record<string, string>;

export const shown = (draft: Draft, values: SettingValues, name: string): string => draft[name] ?? String(values[name] ?? "");

/** A value as people read it. */
export const told = (setting: Pick<Setting, "unit">, value: SettingValue | undefined): string =>
  typeof value === "number" ? written(value, setting.unit) : String(value ?? "");

export const isNumber = ({ type }: Setting): boolean => type === "integer" || type === "number";

/** What is wrong with what was typed, or nothing. */
export function faultOf(setting: Setting, text: string): string {
  if (!isNumber(setting)) return "";
  const value = read(text, setting.unit);
  if (value instanceof Unreadable) return value.fault;
  if (setting.type === "integer" && !Number.isInteger(value)) return `not a whole number${setting.unit === "bytes" ? " of bytes" : ""}`;
  if (setting.low !== undefined && value < setting.low) return `at least ${told(setting, setting.low)}`;
  if (setting.high !== undefined && value > setting.high) return `at most ${told(setting, setting.high)}`;
  return "";
}

/** Of a text without fault. */
export function valueOf(setting: Setting, text: string): SettingValue {
  if (setting.type === "boolean") return text === "true";
  return setting.type === "string" ? text : Number(read(text, setting.unit));
}

export interface Judged {
  /** What differs from what is in force. */
  changes: SettingValues;
  faults: Record<string, string>;
}

export function judge(settings: readonly Setting[], draft: Draft, values: SettingValues): Judged {
  const judged: Judged = { changes: {}, faults: {} };
  for (const setting of settings) {
    const text = draft[setting.name];
    if (text === undefined) continue;
    const fault = faultOf(setting, text);
    if (fault) judged.faults[setting.name] = fault;
    else if (valueOf(setting, text) !== values[setting.name]) judged.changes[setting.name] = valueOf(setting, text);
  }
  const [low, high] = ["min_replica", "max_replica"].map((name) => Number(read(shown(draft, values, name), "")));
  if (low !== undefined && high !== undefined && low > high) judged.faults.min_replica ??= `above max_replica, which is ${high}`;
  return judged;
}

/** "concurrency_target 4 → 8", for everything that differs. */
export function differences(before: SettingValues, after: SettingValues, settings: readonly Setting[] = []): string[] {
  return Object.keys(after)
    .filter((name) => before[name] !== undefined && before[name] !== after[name])
    .map((name) => {
      const setting = settings.find((one) => one.name === name) ?? { unit: "" };
      return `${name} ${told(setting, before[name])} → ${told(setting, after[name])}`;
    });
}
