/** Keys that lead through the console, and what shows them. They can be switched off: who speaks to a computer presses many. */
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./dialog";
import { Presses, type Shortcut, shortcutsAt } from "./shortcuts";

const NAME = "headway.shortcuts";

export function ShortcutKeys({ path }: { path: string }) {
  const [isShown, setShown] = useState(false);
  const [areOn, setOn] = useState(localStorage.getItem(NAME) !== "off");
  const { general, ofDeployment } = shortcutsAt(path);
  useEffect(() => {
    if (!areOn) return;
    const presses = new Presses();
    const pressed = (event: KeyboardEvent): void => {
      if (!isForPage(event)) return;
      const found = presses.press(event.key, performance.now(), [...general, ...ofDeployment]);
      if (found === null) return;
      if (found.to === "help") setShown(true);
      else if (found.to !== "search") location.href = found.to;
      else if (!focusSearch()) return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [path, areOn]);
  const choose = (on: boolean): void => {
    localStorage.setItem(NAME, on ? "on" : "off");
    setOn(on);
  };
  return (
    <>
      <button type="button" class="quiet" aria-label="Keys (?)" title="Keys" onClick={() => setShown(true)}>
        ?
      </button>
      {isShown && (
        <Dialog title="Keys" onClose={() => setShown(false)}>
          <div class="keys-shown">
            <List label="Everywhere" shortcuts={general} />
            {ofDeployment.length > 0 && <List label="This deployment" shortcuts={ofDeployment} />}
            <List label="While typing" shortcuts={TYPING} />
          </div>
          <label>
            <input type="checkbox" checked={areOn} onChange={(event) => choose(event.currentTarget.checked)} /> Single keys lead somewhere
          </label>
          <p class="row ends">
            <button type="button" autofocus onClick={() => setShown(false)}>
              Close
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}

const TYPING: Shortcut[] = [
  { keys: "Ctrl Enter", label: "Send, in the playground", to: "" },
  { keys: "Esc", label: "Close what lies over the page", to: "" },
];

function List({ label, shortcuts }: { label: string; shortcuts: Shortcut[] }) {
  return (
    <section aria-label={label}>
      <h3>{label}</h3>
      <dl>
        {shortcuts.map(({ keys, label: meaning }) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const TYPED_INTO = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]";

/** Whether nobody types, nothing lies over the page, and the browser has no use for the press itself. */
function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || event.defaultPrevented) return false;
  if (document.querySelector("dialog[open]") !== null) return false;
  return !(event.target instanceof Element && event.target.closest(TYPED_INTO) !== null);
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>("input[type=search]");
  search?.focus();
  search?.select();
  return search !== null;
}
