/** What has just happened, told in a corner: errors with what to do about them. */
import { ApiError } from "../api/errors";
import { Store, useStore } from "../api/store";

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
  return (
    <div class="toasts" role="status" aria-live="polite" aria-label="Messages">
      {useStore(toasts).map((one) => (
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
