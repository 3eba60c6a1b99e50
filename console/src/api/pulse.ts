/** Whether control answers: everything that comes of it says so, and when nothing comes it is asked. */
import { Store } from "./store";

const LOOK_EVERY = 500;
/** Silence after which it is asked, and after which it does not answer; milliseconds. */
export const ASKED_AFTER = 2000;
export const SILENT_AFTER = 3500;

/** Judges the silence; it is told the time, in milliseconds. */
export class Pulse {
  readonly answers = new Store(true);
  #heardAt = 0;
  #lookedAt = 0;

  /** Something has come of control. */
  heard(now: number): void {
    this.#heardAt = now;
    this.answers.set(true);
  }

  /** It cannot be reached at all. */
  missed(): void {
    this.answers.set(false);
  }

  /** To be called again and again; whether control is to be asked. What was not looked at for a while, say as the machine slept, is no silence. */
  look(now: number): boolean {
    if (now - this.#lookedAt > 4 * LOOK_EVERY && this.answers.value) this.#heardAt = now;
    this.#lookedAt = now;
    if (now - this.#heardAt >= SILENT_AFTER) this.answers.set(false);
    return now - this.#heardAt >= ASKED_AFTER;
  }
}

const pulse = new Pulse();

export const answers = pulse.answers;
export const heard = (): void => pulse.heard(performance.now());
export const missed = (): void => pulse.missed();

/** Look after it, until the returned function is called. A page that nobody sees asks nothing. */
export function watchPulse(): () => void {
  let isAsking = false;
  const timer = setInterval(() => {
    if (document.hidden || !pulse.look(performance.now()) || isAsking) return;
    isAsking = true;
    fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ASKED_AFTER) })
      .then(heard, (error: unknown) => error instanceof TypeError && missed())
      .finally(() => (isAsking = false));
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}
