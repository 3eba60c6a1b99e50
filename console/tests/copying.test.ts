import { expect, test } from "vitest";
import { type Copied, asCurl, asOpenAi, asPython, pythonOf, shellQuoted } from "../src/pages/playground/copying";

const ORDER: Copied = {
  origin: "http://127.0.0.1:8080",
  method: "POST",
  path: "/models/m/predict",
  contentType: "application/json",
  body: { text: '{"a": "it\'s"}' },
  needsKey: false,
};

test("nothing in single quotes means anything to a shell but the quote", () => {
  expect(shellQuoted("/a/b-c_1.2")).toBe("/a/b-c_1.2");
  expect(shellQuoted("it's")).toBe("'it'\\''s'");
  expect(shellQuoted('$HOME `x` !! \\ "\n')).toBe('\'$HOME `x` !! \\ "\n\'');
  expect(shellQuoted("")).toBe("''");
});

test("a command has what differs from what curl does by itself", () => {
  expect(asCurl(ORDER)).toBe(`curl http://127.0.0.1:8080/models/m/predict \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{"a": "it'\\''s"}'`);
  expect(asCurl({ ...ORDER, method: "GET", body: null, path: "/models/m/sync/a?q=[1]" })).toBe("curl 'http://127.0.0.1:8080/models/m/sync/a?q=[1]' \\\n  --globoff");
  expect(asCurl({ ...ORDER, method: "HEAD", body: null })).toContain("--head");
  expect(asCurl({ ...ORDER, method: "PUT" })).toContain("-X PUT");
  expect(asCurl({ ...ORDER, method: "DELETE", body: null })).toContain("-X DELETE");
  expect(asCurl({ ...ORDER, body: { file: "my photo.png" } })).toContain("--data-binary '@my photo.png'");
});

test("a body too long for an argument goes through a pipe", () => {
  const text = JSON.stringify("x".repeat(200_000));
  const command = asCurl({ ...ORDER, body: { text } });
  expect(command.startsWith("printf %s ")).toBe(true);
  expect(command.endsWith("--data-binary @-")).toBe(true);
});

test("the key is the name of a variable", () => {
  expect(asCurl({ ...ORDER, needsKey: true })).toContain('-H "Authorization: Bearer $HEADWAY_API_KEY"');
  expect(asPython({ ...ORDER, needsKey: true })).toContain("os.environ['HEADWAY_API_KEY']");
  expect(asPython(ORDER)).not.toContain("os");
});

test("JSON becomes Python where Python says the same, with the letters of its numbers", () => {
  expect(pythonOf('{"a": [true, false, null, 1.0, 12345678901234567890, "\\/\\u00e9\\n"]}')).toBe('{"a": [True, False, None, 1.0, 12345678901234567890, "/é\\n"]}');
  expect(pythonOf("{}")).toBe("{}");
  for (const text of ["null", "{", "", "1e400", "[-1E+999]", '"\\ud800"', '{"\\udfff": 1}', `${"[".repeat(70)}${"]".repeat(70)}`]) expect(pythonOf(text)).toBeNull();
  expect(asPython({ ...ORDER, body: { text: "null" } })).toContain('content="null".encode()');
  expect(asPython({ ...ORDER, contentType: "text/plain", body: { text: 'say "hi"\n' } })).toContain('content="say \\"hi\\"\\n".encode()');
  expect(asPython({ ...ORDER, body: { file: "a.png" } })).toContain('pathlib.Path("a.png")');
});

test("what OpenAI's client does not know goes along as its extra body", () => {
  const body = JSON.stringify({ model: "x", messages: [{ role: "user", content: "it's" }], stream: true, top_k: 3, max_tokens: 9 });
  const program = asOpenAi("http://h/v1", body, "story@1", false);
  expect(program).toContain('model="story@1"');
  expect(program).toContain("max_tokens=9");
  expect(program).toContain("extra_body={");
  expect(program).toContain("for chunk in answer:");
  expect(program).toContain('api_key="none"');
  expect(asOpenAi("http://h/v1", body, "s", true)).toContain('os.environ["HEADWAY_API_KEY"]');
});
