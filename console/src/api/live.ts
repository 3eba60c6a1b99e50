/** The one stream of the page in view, as a value that pages read. */
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "./errors";
import { answers, missed } from "./pulse";
import { signedIn } from "./session";
import { follow } from "./sse";
import { Store, useStore } from "./store";

/** Whether the page's stream is broken, and so old what it brought. */
const isBroken = new Store(false);

/** Whether what is shown is of now. The banner and the greying of old data hang on it. */
export function useIsLive(): boolean {
  const isAnswered = useStore(answers);
  return !useStore(isBroken) && isAnswered;
}

export interface Live<T> {
  value: T | null;
  error: ApiError | null;
}

/** The newest event of `path`; old data stays while control is away. null follows nothing. */
export function useLive<T>(path: string | null): Live<T> {
  const [live, setLive] = useState<Live<T>>({ value: null, error: null });
  const session = useStore(signedIn);
  useEffect(() => {
    setLive({ value: null, error: null });
    if (path === null) return;
    const leave = follow(path, {
      onEvent: (event) => setLive({ value: JSON.parse(event.data) as T, error: null }),
      onUp: () => isBroken.set(false),
      onDown: (error) => {
        const isRefused = error.status >= 400 && error.status < 500;
        isBroken.set(!isRefused);
        if (error.isUnreachable) missed();
        setLive((before) => ({ ...before, error }));
      },
    });
    return () => {
      leave();
      isBroken.set(false);
    };
  }, [path, session]);
  return live;
}
