/** Sends a Truss's archive. XMLHttpRequest, because fetch does not tell how much has gone out. */
import { ApiError, unreachable } from "../../api/errors";
import { authorization, needsKey } from "../../api/session";
import type { Deployment } from "../../api/types";

export interface Order {
  file: File;
  /** Empty: the archive's own model_name. */
  model: string;
  /** Empty: none. */
  environment: string;
}

const SUFFIXES = [".tar.gz", ".tgz", ".tar", ".zip"];

export const ACCEPTED = SUFFIXES.join(",");

/** Why a file cannot be a Truss's archive, or nothing. */
export function faultOf(file: { name: string; size: number }): string {
  if (!SUFFIXES.some((one) => file.name.toLowerCase().endsWith(one))) return "It is no .tar.gz, .tar or .zip of a Truss's folder";
  return file.size === 0 ? "The file is empty" : "";
}

export function pathOf({ model, environment }: Pick<Order, "model" | "environment">): string {
  const models = model === "" ? "/v1/models" : `/v1/models/${encodeURIComponent(model)}/deployments`;
  return `${models}?${new URLSearchParams({ environment }).toString()}`;
}

/** Push it; `onShare` is told the share (0 to 1) that has gone out. Raises ApiError. */
export function upload(order: Order, signal: AbortSignal, onShare: (share: number) => void): Promise<Deployment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", pathOf(order));
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => onShare(event.total > 0 ? event.loaded / event.total : 0);
    request.upload.onload = () => onShare(1);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new ApiError(0, "cancelled", "The upload was cancelled"));
    request.onload = () => {
      if (request.status === 401) needsKey.set(true);
      const answer = answerOf(request);
      if (answer instanceof ApiError) reject(answer);
      else resolve(answer);
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(order.file);
  });
}

function answerOf({ status, responseText }: XMLHttpRequest): Deployment | ApiError {
  try {
    const told = JSON.parse(responseText) as Deployment & { error?: { code: string; message: string; hint: string } };
    if (status < 300) return told;
    if (told.error) return new ApiError(status, told.error.code, told.error.message, told.error.hint);
  } catch {
    // no JSON: said below
  }
  return new ApiError(status, "http", `${status} ${responseText.slice(0, 300)}`);
}
