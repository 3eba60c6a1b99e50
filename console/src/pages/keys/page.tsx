/** Who may ask Headway, and what models are told in secret. */
import { Keys } from "./keys";
import { Secrets } from "./secrets";
import "../halves.css";
import "./keys.css";

export function KeysPage() {
  return (
    <div class="halves">
      <Keys />
      <Secrets />
    </div>
  );
}
