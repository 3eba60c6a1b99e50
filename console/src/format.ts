/** Numbers as people read them, three digits at most and their unit; and instants in the browser's language and zone. */

const MISSING = "–";

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  if (value < 0.001) return value === 0 ? "0 ms" : `${digits(value * 1e6)} µs`;
  if (value < 1) return `${digits(value * 1000)} ms`;
  if (value < 120) return `${digits(value)} s`;
  if (value < 7200) return `${digits(value / 60)} min`;
  return `${digits(value / 3600)} h`;
}

export function rate(value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : `${digits(value)}/s`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let left = value;
  let unit = 0;
  while (left >= 1024 && unit < units.length - 1) [left, unit] = [left / 1024, unit + 1];
  return `${digits(left)} ${units[unit] ?? ""}`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : value.toLocaleString("en");
}

/** Three significant digits, never as 1e+5. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const MINUTE = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const INSTANT = new Intl.DateTimeFormat(undefined, {
  ...({ year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" } as const),
  timeZoneName: "short",
});

/** The time of the day, to the second and to the minute. */
export const clock = (unix: number): string => TIME.format(unix * 1000);
export const minute = (unix: number): string => MINUTE.format(unix * 1000);

/** A date with its time and zone, and without. */
export const instant = (date: Date): string => INSTANT.format(date);
export const day = (date: Date): string => DAY.format(date);

/** The zone of all times that are shown: "Europe/Berlin, GMT+1". */
export function zone(now = new Date()): string {
  const short = INSTANT.formatToParts(now).find((one) => one.type === "timeZoneName")?.value ?? "";
  const { timeZone } = INSTANT.resolvedOptions();
  return short === timeZone ? short : `${timeZone}, ${short}`;
}

/** As a sentence: "all is taken" as "All is taken."; a setting's name stays as it is, and a number with its unit. */
export function sentence(text: string): string {
  if (text === "") return "";
  const first = /^[a-z]+[_=]/.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  const whole = text.replace(/(\d) (s|min|h)\b/g, "$1\u00a0$2");
  return `${first}${whole.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}

/** The noun as it agrees. */
export const noun = (number: number, word: string): string => (number === 1 ? word : `${word}s`);

/** "3 replicas", "1 replica". */
export const plural = (number: number, word: string): string => `${count(number)} ${noun(number, word)}`;

/** How long ago an instant is; both are milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const passed = Math.max(0, (now - at) / 1000);
  if (passed < 5) return "just now";
  if (passed < 60) return `${Math.floor(passed)} s ago`;
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 172_800) return `${Math.floor(passed / 3600)} h ago`;
  return `${Math.floor(passed / 86_400)} days ago`;
}
