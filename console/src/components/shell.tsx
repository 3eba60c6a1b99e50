import type { ComponentChildren } from "preact";
import { isLive } from "../api/live";
import { apiKey, signOut } from "../api/session";
import { useStore } from "../api/store";
import { NAVIGATION } from "../routes";
import { nextTheme, theme } from "../theme";
import { Toasts } from "./toasts";

export function Shell({ path, children }: { path: string; children: ComponentChildren }) {
  const isUp = useStore(isLive);
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
        <ThemeToggle />
        {apiKey() !== null && (
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      {!isUp && (
        <p class="banner" role="alert">
          Control does not answer. Models are served on; what is shown here is old. Trying again.
        </p>
      )}
      {children}
      <Toasts />
    </div>
  );
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
