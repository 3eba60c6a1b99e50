import { useRef } from "preact/hooks";

interface FileButtonProps {
  /** What it is for, for those who do not see what is beside it. */
  label: string;
  text?: string;
  accept?: string;
  onFile(file: File): void;
}

/** A button that has a file chosen. */
export function FileButton({ label, text = "File…", accept = "", onFile }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = (event: Event & { currentTarget: HTMLInputElement }): void => {
    const file = event.currentTarget.files?.[0];
    event.currentTarget.value = ""; // the same one may be chosen again
    if (file !== undefined) onFile(file);
  };
  return (
    <>
      <button type="button" aria-label={`${text} ${label}`} onClick={() => input.current?.click()}>
        {text}
      </button>
      <input ref={input} type="file" accept={accept} hidden tabIndex={-1} aria-label={label} onChange={chosen} />
    </>
  );
}
