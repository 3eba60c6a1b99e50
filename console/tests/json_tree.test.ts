import { expect, test } from "vitest";
import { type Value, added, literalOf, put, treeOf, without } from "../src/pages/playground/json_tree";

function at(text: string, ...path: string[]): Value {
  let value = treeOf(text);
  for (const name of path) value = value?.parts.find((one) => one.name === name)?.value ?? null;
  if (value === null) throw new Error(`nothing at ${path.join(".")}`);
  return value;
}

const TEXT = `{
  "big": 12345678901234567890, "float": 1.0,
  "text": "a \\"quoted\\\\" ,
  "list": [ {"deep": true}, null ] , "é\\"": {}
}`;

test("every value is found with its kind and its own letters", () => {
  expect(literalOf(TEXT, at(TEXT, "big"))).toBe("12345678901234567890");
  expect(literalOf(TEXT, at(TEXT, "float"))).toBe("1.0");
  expect(literalOf(TEXT, at(TEXT, "text"))).toBe('"a \\"quoted\\\\"');
  expect(at(TEXT, "list", "0", "deep").kind).toBe("yes or no");
  expect(at(TEXT, "list", "1").kind).toBe("nothing");
  expect(at(TEXT, 'é"').kind).toBe("object");
  expect(treeOf(TEXT)?.parts.map((one) => one.name)).toEqual(["big", "float", "text", "list", 'é"']);
});

test("a change of one value leaves every other letter alone", () => {
  const changed = put(TEXT, at(TEXT, "list", "0", "deep"), "false");
  expect(changed).toBe(TEXT.replace("true", "false"));
  expect(put("3", at("3"), '"x"')).toBe('"x"');
});

test("items come and go with the commas between them", () => {
  const rest = (text: string, place: number) => without(text, at(text), place);
  expect(rest("[1, 2, 3]", 0)).toBe("[2, 3]");
  expect(rest("[1, 2, 3]", 1)).toBe("[1, 3]");
  expect(rest("[1, 2, 3]", 2)).toBe("[1, 2]");
  expect(rest("[ 1 ]", 0)).toBe("[  ]");
  expect(added("[]", at("[]"), "1")).toBe("[1]");
  expect(added("[1]", at("[1]"), "2")).toBe("[1,2]");
  expect(added("[\n  1\n]", at("[\n  1\n]"), "2")).toBe("[\n  1,\n  2\n]");
  expect(added("[1, 2]", at("[1, 2]"), "3")).toBe("[1, 2, 3]");
  for (const text of ["[1]", "[\n 1,\n 2]", "[[], {}]", '["]", ","]']) {
    const longer = added(text, at(text), "null");
    expect(JSON.parse(longer)).toEqual([...(JSON.parse(text) as unknown[]), null]);
    expect(JSON.parse(without(longer, at(longer), 0))).toEqual((JSON.parse(longer) as unknown[]).slice(1));
  }
});

test("what is no JSON, or too deep, has no values", () => {
  for (const text of ["", "{", "nan", "{'a': 1}", "[1,]", `${"[".repeat(100_000)}${"]".repeat(100_000)}`]) expect(treeOf(text)).toBeNull();
});

test("long texts are passed over", () => {
  const text = JSON.stringify({ image: "x".repeat(5_000_000), last: '\\"' });
  expect(literalOf(text, at(text, "last"))).toBe(JSON.stringify('\\"'));
});
