/** Light or dark: as the system has it, or as it was chosen here. */
import { Store } from "./api/store";

export type Theme = "system" | "light" | "dark";

const NAME = "headway.theme";
const ORDER: Theme[] = ["system", "light", "dark"];

const stored = localStorage.getItem(NAME) as Theme | null;

export const theme = new Store<Theme>(stored !== null && ORDER.includes(stored) ? stored : "system");

/** Rises whenever colours change, for what is drawn on a canvas. */
export const paint = new Store(0);

export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? "system";
  localStorage.setItem(NAME, next);
  theme.set(next);
}

/** Have the document follow the choice, from now on. */
export function installTheme(): void {
  const apply = (): void => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
    paint.set(paint.value + 1);
  };
  apply();
  theme.watch(apply);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

/** What the style's custom property `--name` is at present, as a colour that a canvas takes. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
