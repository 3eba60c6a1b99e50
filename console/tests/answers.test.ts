import { expect, test } from "vitest";
import { bytesOf, faultTold, fileName, mediaIn } from "../src/pages/playground/answers";
import { faultOfCode, meaningOf } from "../src/pages/playground/conversing";
import { bodyFor, likelyPaths, offered } from "../src/pages/playground/ways";
import { MOST_ENTRIES, withEntry } from "../src/pages/playground/websocket_state";
import { changedHash } from "../src/router";

test("what is wrong is told in the words of whoever tells it", () => {
  expect(faultTold('{"error": {"code": "queue_full", "message": "full", "hint": "wait"}}')).toEqual({ message: "full", hint: "wait" });
  expect(faultTold('{"error": {"message": "no", "type": "x"}}')).toEqual({ message: "no", hint: "" });
  expect(faultTold('{"error": "Internal Server Error"}')).toEqual({ message: "Internal Server Error", hint: "" });
  expect(faultTold('{"detail": "Not Found"}')).toEqual({ message: "Not Found", hint: "" });
  expect(faultTold('{"message": "odd"}')).toEqual({ message: "odd", hint: "" });
  for (const text of ["", "<html>", "null", "3", "[]", '{"detail": [{"loc": []}]}']) expect(faultTold(text)).toBeNull();
});

const encoded = (head: number[]): string => btoa(String.fromCharCode(...head, ...new Array<number>(60).fill(7)));

test("files within a JSON answer are found by how they begin", () => {
  const heads: Record<string, number[]> = {
    "image/png": [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    "image/jpeg": [0xff, 0xd8, 0xff, 0xe0],
    "image/gif": [0x47, 0x49, 0x46, 0x38, 0x39, 0x61],
    "image/webp": [...new TextEncoder().encode("RIFF"), 1, 2, 3, 4, ...new TextEncoder().encode("WEBPVP8 ")],
    "audio/wav": [...new TextEncoder().encode("RIFF"), 250, 251, 252, 253, ...new TextEncoder().encode("WAVEfmt ")],
    "audio/mpeg": [...new TextEncoder().encode("ID3"), 4, 0],
    "audio/ogg": [...new TextEncoder().encode("OggS"), 0],
    "audio/flac": [...new TextEncoder().encode("fLaC"), 0],
    "video/mp4": [0, 0, 0, 0x20, ...new TextEncoder().encode("ftypisom")],
    "video/webm": [0x1a, 0x45, 0xdf, 0xa3],
    "application/pdf": [...new TextEncoder().encode("%PDF-1.7")],
  };
  for (const [type, head] of Object.entries(heads)) expect(mediaIn({ out: [encoded(head)] }).map((one) => [one.name, one.type])).toEqual([["out[0]", type]]);
  const address = `data:image/png;base64,${encoded([1])}`;
  expect(mediaIn([address])[0]).toMatchObject({ name: "answer[0]", type: "image/png" });
  expect(mediaIn(address)[0]?.content.size).toBe(61);
  for (const other of ["hello", "iVBORw0KGgo", "x".repeat(500), `iVBORw0KGgo${"!".repeat(100)}`, null, 3]) expect(mediaIn({ other })).toEqual([]);
  expect(mediaIn(new Array(50).fill(address)).length).toBeLessThan(20);
  expect([...bytesOf("AP8=\n")]).toEqual([0, 255]);
});

test("a download is called by what it is", () => {
  expect(fileName("images[0]", "image/png")).toBe("images_0_.png");
  expect(fileName("a", "audio/mpeg; x=1")).toBe("a.mp3");
  expect(fileName("../x", "application/octet-stream")).toBe(".._x.bin");
  expect(fileName("", "")).toBe("answer.bin");
});

test("the ways that a model has are offered, the likeliest first", () => {
  expect(offered(["predict"])).toEqual(["predict", "path"]);
  expect(offered(["websocket"])).toEqual(["websocket", "path"]);
  expect(offered(["predict", "chat_completions"])).toEqual(["predict", "chat", "path"]);
  expect(offered(["embeddings"])).toEqual(["path"]);
  expect(offered(null)).toEqual(["predict", "chat", "websocket", "path"]);
  expect(likelyPaths(["embeddings"])).toEqual(["v1/embeddings", "v1/models"]);
  for (const path of likelyPaths(null)) if (path !== "v1/models") expect(bodyFor(path, "m")).toMatchObject({ model: "m" });
  expect(bodyFor("v1/models", "m")).toBeNull();
});

test("codes of a close are those that a browser may say", () => {
  for (const code of ["1000", "3000", "4999"]) expect(faultOfCode(code)).toBe("");
  for (const code of ["", "999", "1001", "2999", "5000", "3000.5", "x"]) expect(faultOfCode(code)).not.toBe("");
  expect(meaningOf(1011)).toContain("failed");
  expect(meaningOf(4001)).toContain("own");
});

test("the latest messages are kept, and counted on", () => {
  const entry = { isOurs: true, text: "x", content: null, bytes: 1, seconds: 0 };
  let state = { entries: [], dropped: 0 } as unknown as Parameters<typeof withEntry>[0];
  for (let count = 0; count < MOST_ENTRIES + 3; count += 1) state = withEntry(state, entry);
  expect([state.entries.length, state.dropped, state.entries.at(-1)?.number]).toEqual([MOST_ENTRIES, 3, MOST_ENTRIES + 3]);
});

test("the address says what is chosen, and nothing of what is not", () => {
  expect(changedHash("#/models/a/b/playground?way=path", { path: "v1/x?a=1&b", as: "" })).toBe("#/models/a/b/playground?way=path&path=v1%2Fx%3Fa%3D1%26b");
  expect(changedHash("#/?q=a", { q: "" })).toBe("#/");
});
