/** Addresses behind the hash: what they name, and how they are written. */
import { useEffect, useState } from "preact/hooks";

export interface Address {
  path: string;
  query: URLSearchParams;
}

export type Parameters = Record<string, string>;

export function addressOf(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  return { path: path.replace(/\/+$/, "") || "/", query: new URLSearchParams(query) };
}

/** What `pattern` (`/models/:model`) finds in `path`, or null where it does not fit. */
export function match(pattern: string, path: string): Parameters | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const found: Parameters = {};
  for (const [place, name] of wanted.entries()) {
    const part = given[place] ?? "";
    if (name.startsWith(":")) found[name.slice(1)] = decoded(part);
    else if (name !== part) return null;
  }
  return found;
}

/** `/models/{model}/{deployment}` as a link, with what follows and its query. */
export function deploymentLink(model: string, deployment: string, rest = "", query: Parameters = {}): string {
  const asked = new URLSearchParams(query).toString();
  return `#/models/${encodeURIComponent(model)}/${encodeURIComponent(deployment)}${rest}${asked && `?${asked}`}`;
}

/** Have the address say `changes` beside what it says, without another page in the browser's history. Empty ones go. */
export function replaceQuery(changes: Parameters): void {
  location.replace(changedHash(location.hash, changes));
}

export function changedHash(hash: string, changes: Parameters): string {
  const { path, query } = addressOf(hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  const asked = query.toString();
  return `#${path}${asked && `?${asked}`}`;
}

/** `/models/{model}` as a link, with its query. */
export function modelLink(model: string, query: Parameters = {}): string {
  const asked = new URLSearchParams(query).toString();
  return `#/models/${encodeURIComponent(model)}${asked && `?${asked}`}`;
}

export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const moved = (): void => setHash(location.hash);
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return addressOf(hash);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
