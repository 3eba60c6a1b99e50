import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useIsLive } from "../api/live";
import { watchPulse } from "../api/pulse";
import { apiKey, signOut } from "../api/session";
import { useStore } from "../api/store";
import { NAVIGATION } from "../routes";
import { nextTheme, theme } from "../theme";
import { clock, zone } from "../format";
import { ShortcutKeys } from "./shortcut_keys";
import { Toasts, tell } from "./toasts";

export function Shell({ path, children }: { path: string; children: ComponentChildren }) {
  useEffect(watchPulse, []);
  const { isUp, since } = useConnection();
  return (
    <div class={isUp ? "shell" : "shell is-old"}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <a class="mark" href="#/" aria-label="Headway, all models">
          headway
        </a>
        <nav aria-label="Main">
          {NAVIGATION.map((one) => (
            <a key={one.path} href={`#${one.path}`} aria-current={one.path === path ? "page" : undefined}>
              {one.label}
            </a>
          ))}
          <a href="/docs">API</a>
          <a href="/help/">Help</a>
        </nav>
        <span class="grow" />
        <ShortcutKeys path={path} />
        <ThemeToggle />
        {apiKey() !== null && (
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      {!isUp && (
        <p class="banner" role="alert">
          Control does not answer, since {clock(since / 1000)}. Models are served on; what is shown here is old. Trying again.
        </p>
      )}
      {children}
      <footer class="foot soft">
        <a href="#/metrics">Metrics for Prometheus and Grafana</a>
        <span>Times are of {zone()}.</span>
      </footer>
      <Toasts />
    </div>
  );
}

/** Whether what is shown is of now, and since when not; when it is again, that is told. */
function useConnection(): { isUp: boolean; since: number } {
  const isUp = useIsLive();
  const since = useRef(0);
  useEffect(() => {
    if (!isUp) since.current ||= Date.now();
    else if (since.current > 0) {
      since.current = 0;
      tell("Control answers again: what is shown is of now");
    }
  }, [isUp]);
  return { isUp, since: since.current || Date.now() };
}

function ThemeToggle() {
  const chosen = useStore(theme);
  return (
    <button type="button" class="quiet" onClick={nextTheme} aria-label={`Theme: ${chosen}`}>
      {{ system: "◐ system", light: "○ light", dark: "● dark" }[chosen]}
    </button>
  );
}

/** The address's hash is the router's: the link only moves the focus. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
