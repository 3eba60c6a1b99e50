/** What went wrong with a call, in words for the one who made it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = "",
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Control did not answer at all: nothing is known to be wrong with the call itself. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

export const unreachable = (): ApiError =>
  new ApiError(0, "unreachable", "Control does not answer", "the page tries again by itself");

/** The error that an answer tells, whatever its body is. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => "");
  const told = detailOf(text);
  if (told !== null) return new ApiError(answer.status, told.code, told.message, told.hint);
  return new ApiError(answer.status, "http", text.slice(0, 300) || `${answer.status} ${answer.statusText}`);
}

function detailOf(text: string): { code: string; message: string; hint: string } | null {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string; hint?: string } };
    if (error?.message === undefined) return null;
    return { code: error.code ?? "http", message: error.message, hint: error.hint ?? "" };
  } catch {
    return null;
  }
}
