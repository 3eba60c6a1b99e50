/** Why who comes now waits, and the way to what can be done about it. */
import { useEffect, useState } from "preact/hooks";
import type { Saturation } from "../../api/types";
import { sentence } from "../../format";
import type { Parameters } from "../../router";

const TONES: Record<Saturation["level"], string> = { note: "", wait: "warn", refused: "bad" };

interface SaturationProps {
  saturation: Saturation | null;
  linkTo(asked: Parameters): string;
}

export function SaturationNote({ saturation, linkTo }: SaturationProps) {
  const announced = useAnnounced(saturation);
  return (
    <>
      {saturation !== null && (
        <div class={`saturation ${TONES[saturation.level]}`} role="group" aria-label="Why requests wait">
          <p>
            <strong>{sentence(saturation.text)}</strong> {sentence(saturation.wait)}
          </p>
          <Advice saturation={saturation} linkTo={linkTo} />
        </div>
      )}
      <span class="hidden" role="status">
        {announced}
      </span>
    </>
  );
}

function Advice({ saturation, linkTo }: { saturation: Saturation; linkTo: SaturationProps["linkTo"] }) {
  const { advice, see, setting } = saturation;
  const text = sentence(advice || (see === null ? "" : `see its ${see}`));
  if (text === "") return null;
  if (see === null) return <p>{text}</p>;
  const asked: Parameters = see === "settings" ? { setting: setting ?? "" } : { tab: see };
  return (
    <p>
      <a href={linkTo(asked)} onClick={() => see === "settings" && setting !== null && pointAt(setting)}>
        {text}
      </a>
    </p>
  );
}

/** Seconds pass in the sentence; who hears the page hears it when its cause changes. */
function useAnnounced(saturation: Saturation | null): string {
  const [text, setText] = useState("");
  useEffect(() => setText(saturation === null ? "" : sentence(saturation.text)), [saturation?.code, saturation?.level]);
  return text;
}

/** Bring a setting's control into view and give it the focus, wherever the form has folded it away. */
export function pointAt(setting: string): boolean {
  const label = [...document.querySelectorAll<HTMLLabelElement>("form.settings label")].find((one) => one.textContent === setting);
  const found = label?.control ?? document.getElementById(setting);
  if (!found) return false;
  for (let fold = found.closest("details"); fold !== null; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
  found.scrollIntoView({ block: "center" });
  found.focus({ preventScroll: true });
  return true;
}

/** The setting that the address names, once its control is there. */
export function usePointed(setting: string | null): void {
  useEffect(() => {
    if (setting === null || pointAt(setting)) return;
    const observer = new MutationObserver(() => pointAt(setting) && observer.disconnect());
    observer.observe(document.getElementById("main") ?? document.body, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [setting]);
}
