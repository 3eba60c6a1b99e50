import { useState } from "preact/hooks";
import { apiKey, signIn } from "../api/session";
import { TextField } from "../components/field";

export function SignIn() {
  const [key, setKey] = useState("");
  const wasRefused = apiKey() !== null;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (key.trim() !== "") signIn(key.trim());
  };
  return (
    <form class="panel narrow" aria-label="Sign in" onSubmit={submit}>
      <p>This Headway has API keys. The page keeps yours until the tab is closed.</p>
      <TextField
        label="API key"
        type="password"
        value={key}
        onValue={setKey}
        hint={
          <>
            <code>headway keys create</code> makes one
          </>
        }
        error={wasRefused ? "The key was refused: it is unknown, or lacks the scope manage" : ""}
      />
      <button type="submit" class="primary" disabled={key.trim() === ""}>
        Sign in
      </button>
    </form>
  );
}
