import { useCallback, useEffect, useState } from "preact/hooks";
import { call } from "./client";
import { ApiError } from "./errors";
import { signedIn } from "./session";
import { useStore } from "./store";

export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  reload(): void;
}

/** What `path` answers, again every `every` seconds if that is given; null asks nothing. */
export function useLoaded<T>(path: string | null, every = 0): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; value: T | null; error: ApiError | null }>({
    path,
    value: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  const session = useStore(signedIn);
  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    const load = (): void => {
      call<T>(path, { signal: leaving.signal }).then(
        (value) => setState({ path, value, error: null }),
        (error: unknown) => {
          if (error instanceof ApiError)
            setState((before) => ({ path, value: before.path === path ? before.value : null, error }));
        },
      );
    };
    load();
    const timer = every > 0 ? setInterval(() => document.hidden || load(), every * 1000) : undefined;
    return () => {
      leaving.abort();
      clearInterval(timer);
    };
  }, [path, every, round, session]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isPresent = state.path === path;
  return { value: isPresent ? state.value : null, error: isPresent ? state.error : null, reload };
}
