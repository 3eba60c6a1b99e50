import { useState } from "preact/hooks";

interface ConfirmProps {
  label: string;
  /** What the second press says, that does it. */
  sure: string;
  isBusy?: boolean;
  onConfirm(): void;
}

/** A button for what cannot be undone: the first press only asks. Leaving it takes the question back. */
export function Confirm({ label, sure, isBusy = false, onConfirm }: ConfirmProps) {
  const [isAsked, setAsked] = useState(false);
  const press = (): void => {
    setAsked(!isAsked);
    if (isAsked) onConfirm();
  };
  return (
    <button type="button" class={isAsked ? "danger" : ""} disabled={isBusy} onClick={press} onBlur={() => setAsked(false)}>
      {isAsked ? sure : `${label}…`}
    </button>
  );
}
