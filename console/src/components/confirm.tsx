/** A button for what cannot be undone, or moves everybody: what it will do is said first, and asked. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog";

interface ConfirmProps {
  label: string;
  /** The question. */
  title: string;
  /** What the button that does it says. */
  sure: string;
  isBusy?: boolean;
  /** Not for what can be taken back. */
  isDanger?: boolean;
  onConfirm(): void;
  /** What follows from it. */
  children: ComponentChildren;
}

export function Confirm({ label, title, sure, isBusy = false, isDanger = true, onConfirm, children }: ConfirmProps) {
  const [isAsked, setAsked] = useState(false);
  const confirm = (): void => {
    setAsked(false);
    onConfirm();
  };
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => setAsked(true)}>
        {label}…
      </button>
      {isAsked && (
        <Dialog title={title} onClose={() => setAsked(false)}>
          {children}
          <p class="row ends">
            <button type="button" autofocus onClick={() => setAsked(false)}>
              Cancel
            </button>
            <button type="button" class={isDanger ? "danger" : "primary"} onClick={confirm}>
              {sure}
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}
