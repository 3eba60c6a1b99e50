/** What a change of settings would do, asked when nothing more is typed. */
import { useEffect, useState } from "preact/hooks";
import { call } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { SettingsPreview, SettingValues } from "../../api/types";

const DEBOUNCE = 300;

export function usePreview(path: string, changes: SettingValues | null): SettingsPreview | ApiError | null {
  const [preview, setPreview] = useState<SettingsPreview | ApiError | null>(null);
  const wanted = changes === null ? "" : JSON.stringify(changes);
  useEffect(() => {
    setPreview(null);
    if (wanted === "") return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      const headers = { "content-type": "application/json" };
      call<SettingsPreview>(`${path}/settings/preview`, { method: "POST", body: wanted, headers, signal: leaving.signal }).then(
        setPreview,
        (error: unknown) => error instanceof ApiError && setPreview(error),
      );
    }, DEBOUNCE);
    return () => (clearTimeout(timer), leaving.abort());
  }, [path, wanted]);
  return preview;
}
