/** What is made of an answer's content: what it says is wrong, and the pictures, sounds and files in it. */

export interface Medium {
  /** Where in the answer it was: `images[0]`. */
  name: string;
  type: string;
  content: Blob;
}

/** What an error's body says is wrong: Headway's, OpenAI's, Truss's, FastAPI's or anybody's. */
export function faultTold(text: string): { message: string; hint: string } | null {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return null;
  }
  const inner = field(told, "error") ?? field(told, "detail") ?? told;
  if (typeof inner === "string") return { message: inner, hint: "" };
  const [message, hint] = [field(inner, "message"), field(inner, "hint")];
  return typeof message === "string" ? { message, hint: typeof hint === "string" ? hint : "" } : null;
}

const field = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null && name in of ? (of as Record<string, unknown>)[name] : undefined;

const MOST_MEDIA = 12;
const DEEPEST = 8;
const SHORTEST = 60;
/** How base64 of what a browser shows or plays, or people save, begins. */
const BEGINNINGS: [RegExp, string][] = [
  [/^iVBORw0KGgo/, "image/png"],
  [/^\/9j\//, "image/jpeg"],
  [/^R0lGODdh|^R0lGODlh/, "image/gif"],
  [/^UklGR.{6}XRUJQ/, "image/webp"],
  [/^UklGR.{6}XQVZF/, "audio/wav"],
  [/^SUQz|^\/\/[uv][QS]/, "audio/mpeg"],
  [/^T2dnU/, "audio/ogg"],
  [/^ZkxhQ/, "audio/flac"],
  [/^AAAA..Z0eX/, "video/mp4"],
  [/^GkXfo/, "video/webm"],
  [/^JVBERi0/, "application/pdf"],
];

/** What of a JSON answer is the content of a file: `data:` addresses, and base64 that begins as one does. */
export function mediaIn(value: unknown, name = "answer", depth = 0): Medium[] {
  if (typeof value === "string") {
    const found = mediumOf(value);
    return found === null ? [] : [{ name, ...found }];
  }
  if (typeof value !== "object" || value === null || depth > DEEPEST) return [];
  const media: Medium[] = [];
  for (const [key, one] of Object.entries(value)) {
    if (media.length >= MOST_MEDIA) break;
    const place = Array.isArray(value) ? `${name}[${key}]` : depth === 0 ? key : `${name}.${key}`;
    media.push(...mediaIn(one, place, depth + 1));
  }
  return media.slice(0, MOST_MEDIA);
}

function mediumOf(text: string): { type: string; content: Blob } | null {
  if (text.length < SHORTEST) return null;
  const address = /^data:([\w.+-]+\/[\w.+-]+)[^,]{0,100};base64,/.exec(text.slice(0, 300));
  const type = address?.[1] ?? BEGINNINGS.find(([beginning]) => beginning.test(text.slice(0, 40)))?.[1];
  if (type === undefined) return null;
  try {
    return { type, content: new Blob([bytesOf(text.slice(address?.[0].length ?? 0))], { type }) };
  } catch {
    return null; // it only looked like it
  }
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.replace(/\s+/g, ""));
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

/** A file as base64. */
export async function base64Of(file: Blob): Promise<string> {
  const address = await addressOf(file);
  return address.slice(address.indexOf(",") + 1);
}

/** A file as a `data:` address. */
export function addressOf(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("it cannot be read"));
    reader.readAsDataURL(file);
  });
}

const SUFFIXES: Record<string, string> = { "audio/mpeg": "mp3", "image/svg+xml": "svg", "text/plain": "txt", "image/jpeg": "jpg" };

/** What to call a file of this type. */
export function fileName(name: string, contentType: string): string {
  const type = (contentType.split(";")[0] ?? "").trim();
  const known = SUFFIXES[type] ?? (/^[\w-]+\/[\w-]+$/.test(type) && type !== "application/octet-stream" ? type.split("/")[1] : "bin");
  return `${name.replace(/[^\w.-]+/g, "_") || "answer"}.${known}`;
}
