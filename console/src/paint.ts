/** The style's colours for what is drawn on a canvas, which no style sheet reaches. */
import { Store } from "./api/store";

/** Rises whenever colours change. */
export const paint = new Store(0);

export function repaint(): void {
  paint.set(paint.value + 1);
}

/** Repaint when the system turns from light to dark, or back. */
export function followSystem(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
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
