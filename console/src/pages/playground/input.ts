/** What is typed as a request's body. */
export interface Input {
  value: unknown;
  /** Why it is no JSON; empty when it is. */
  fault: string;
}

export function inputOf(text: string): Input {
  if (text.trim() === "") return { value: null, fault: "Type the input as JSON" };
  try {
    return { value: JSON.parse(text) as unknown, fault: "" };
  } catch (error) {
    return { value: null, fault: error instanceof Error ? error.message : "not JSON" };
  }
}

export const textOf = (value: unknown): string => JSON.stringify(value ?? {}, null, 2);

/** An answer as people read it: JSON is indented, anything else stays. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
