/** What has just happened, told where it covers nothing that is pressed: errors with what to do about them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/errors";
import { Store, useStore } from "../api/store";
import { type Point, freePlace } from "./room";

interface Toast {
  id: number;
  tone: "good" | "bad";
  text: string;
  hint: string;
}

const MOST = 4;
const GOOD_STAYS = 5000;
const BAD_STAYS = 15_000;

const toasts = new Store<Toast[]>([]);
let last = 0;

export const tell = (text: string): void => add({ tone: "good", text, hint: "" }, GOOD_STAYS);

export function tellError(error: unknown): void {
  if (error instanceof ApiError) add({ tone: "bad", text: error.message, hint: error.hint }, BAD_STAYS);
  else add({ tone: "bad", text: String(error), hint: "" }, BAD_STAYS);
}

function add(toast: Omit<Toast, "id">, stays: number): void {
  const id = (last += 1);
  toasts.set([...toasts.value, { id, ...toast }].slice(-MOST));
  setTimeout(() => dismiss(id), stays);
}

const dismiss = (id: number): void => toasts.set(toasts.value.filter((one) => one.id !== id));

export function Toasts() {
  const shown = useStore(toasts);
  const tray = useRef<HTMLDivElement>(null);
  const place = usePlace(tray, shown);
  return (
    <div ref={tray} class="toasts" role="status" aria-live="polite" aria-label="Messages" style={place === null ? {} : { left: `${place.left}px`, top: `${place.top}px`, bottom: "auto" }}>
      {shown.map((one) => (
        <div key={one.id} class={`toast ${one.tone}`}>
          <p>
            {one.text}
            {one.hint && <small>{one.hint}</small>}
          </p>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(one.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}

const PRESSED = "a[href], button, input, select, textarea, summary, [role=button]";
const LOOK_EVERY = 200;

/** Pages move beneath it, so it is looked for anew as long as something is told. null: at the foot of the window. */
function usePlace(tray: { current: HTMLElement | null }, shown: readonly Toast[]): Point | null {
  const [place, setPlace] = useState<Point | null>(null);
  useEffect(() => {
    if (shown.length === 0) return;
    const look = (): void => {
      const { current } = tray;
      if (current === null) return;
      const { width, height } = current.getBoundingClientRect();
      const others = [...document.querySelectorAll(PRESSED)].filter((one) => !current.contains(one)).map((one) => one.getBoundingClientRect());
      const { clientWidth, clientHeight } = document.documentElement;
      const found = freePlace({ width, height }, others, { width: clientWidth, height: clientHeight });
      setPlace((before) => (before?.left === found?.left && before?.top === found?.top ? before : found));
    };
    look();
    const timer = setInterval(look, LOOK_EVERY);
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      clearInterval(timer);
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [shown]);
  return place;
}
