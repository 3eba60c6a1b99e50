import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/errors";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

export function Problem({ error }: { error: ApiError }) {
  return (
    <div class="note bad" role="alert">
      {error.message}
      {error.hint && <small>{error.hint}</small>}
    </div>
  );
}

export function Warnings({ lines }: { lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <ul class="note warn" aria-label="Warnings">
      {lines.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}

export const Loading = () => (
  <p class="soft" role="status">
    Loading…
  </p>
);
