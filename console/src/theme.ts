/** Light or dark: as the system has it, or as it was chosen here. */
import { Store } from "./api/store";
import { followSystem, repaint } from "./paint";

export type Theme = "system" | "light" | "dark";

const NAME = "headway.theme";
const ORDER: Theme[] = ["system", "light", "dark"];

const stored = localStorage.getItem(NAME) as Theme | null;

export const theme = new Store<Theme>(stored !== null && ORDER.includes(stored) ? stored : "system");

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
    repaint();
  };
  apply();
  theme.watch(apply);
  followSystem();
}
