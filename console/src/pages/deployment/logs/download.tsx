/** All that matches as a file: text as it is shown, or JSON lines as they were written. */
import { useState } from "preact/hooks";
import { open } from "../../../api/client";
import { tellError } from "../../../components/toasts";
import { type LogEntry, entriesOf } from "./entries";
import { type Filters, callOf } from "./filters";
import type { Shown } from "./lines";
import { asText } from "./text";

interface DownloadProps {
  path: string;
  filters: Filters;
  shown: Shown[];
}

export function Download({ path, filters, shown }: DownloadProps) {
  const [isLoading, setLoading] = useState(false);
  const save = async (kind: "text" | "json"): Promise<void> => {
    setLoading(true);
    try {
      const found = filters.isRegex ? shown.map((one) => one.line) : await all(path, filters);
      const lines = found.map((one) => (kind === "text" ? asText(one) : JSON.stringify({ ...one, number: undefined })));
      offer(lines.join("\n") + "\n", `${named(path)}.${kind === "text" ? "log" : "jsonl"}`);
    } catch (error) {
      tellError(error);
    } finally {
      setLoading(false);
    }
  };
  return (
    <span class="choices" role="group" aria-label="Download what matches">
      <button type="button" disabled={isLoading} onClick={() => void save("text")}>
        Download
      </button>
      <button type="button" disabled={isLoading} onClick={() => void save("json")}>
        as JSON lines
      </button>
    </span>
  );
}

/** Model and deployment. */
const named = (path: string): string => path.split("/").slice(3).filter((one) => one !== "deployments").map(decodeURIComponent).join("-");

async function all(path: string, filters: Filters): Promise<LogEntry[]> {
  const answer = await open(callOf(path, filters, { follow: false, isWhole: true }));
  return entriesOf(await answer.text());
}

function offer(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
