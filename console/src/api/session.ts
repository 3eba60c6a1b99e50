/** The API key of this tab, and whether one is asked for. */
import { Store } from "./store";

const NAME = "headway.key";

export const needsKey = new Store(false);

/** Rises with each sign-in: what was refused before is asked again. */
export const signedIn = new Store(0);

export const apiKey = (): string | null => sessionStorage.getItem(NAME);

export function signIn(key: string): void {
  sessionStorage.setItem(NAME, key);
  needsKey.set(false);
  signedIn.set(signedIn.value + 1);
}

export function signOut(): void {
  sessionStorage.removeItem(NAME);
  needsKey.set(true);
}

export function authorization(): Record<string, string> {
  const key = apiKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}
