import { expect, test } from "vitest";
import { ChatReader, chatBody, chatOf } from "../src/pages/playground/chatting";

const chunk = (delta: unknown, more: object = {}): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta, ...more }] })}\n\n`;

test("a stream is read however it is cut", () => {
  const text = `${chunk({ role: "assistant", content: "" })}: still here\n\n${chunk({ reasoning_content: "hm" })}${chunk({ content: "Grüße" })}${chunk({ content: " 🙂" }, { finish_reason: "stop" })}data: {"choices": [], "usage": {"completion_tokens": 7}}\n\ndata: [DONE]\n\n`;
  for (const size of [1, 3, 17, text.length]) {
    const reader = new ChatReader();
    for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
    expect(reader.end()).toEqual({ content: "Grüße 🙂", thought: "hm", calls: "", pieces: 3, finish: "stop", usage: { completion_tokens: 7 }, error: "" });
  }
});

test("a completion is read whole, and parts and calls of tools are kept", () => {
  const reader = new ChatReader();
  expect(reader.push('{"choices": [{"message": {"content": [{"text": "a"}, {"text": "b"}], "tool_calls": [{"id": 1}]}').content).toBe("");
  reader.push(', "finish_reason": "tool_calls"}]}');
  expect(reader.end()).toMatchObject({ content: "ab", calls: '[{"id":1}]', finish: "tool_calls", pieces: 1 });
});

test("an error within a stream is told, and what is no chat", () => {
  const failed = new ChatReader();
  failed.push(`${chunk({ content: "a" })}data: {"error": {"message": "out of memory"}}\n\n`);
  expect(failed.end()).toMatchObject({ content: "a", error: "out of memory" });
  const other = new ChatReader();
  other.push("hello there");
  expect(other.end().content).toBe("");
  const cut = new ChatReader();
  cut.push(`data: {"choices": [{"delta": {"content": "end"}}]}`);
  expect(cut.end().content).toBe("end");
});

test("a body says the messages, and further fields have the last word", () => {
  const messages = [
    { role: "user" as const, content: "look", images: ["data:image/png;base64,AA"] },
    { role: "assistant" as const, content: "", thought: "only thought" },
  ];
  expect(JSON.parse(chatBody("m", messages, true, { max_tokens: 3 }))).toEqual({
    model: "m",
    messages: [{ role: "user", content: [{ type: "text", text: "look" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA" } }] }],
    stream: true,
    max_tokens: 3,
  });
  expect(JSON.parse(chatBody("m", [], false, {}))).toEqual({ model: "m", messages: [] });
});

test("an example of a chat fills it, and any other does not", () => {
  const example = { model: "x", stream: true, max_tokens: 5, messages: [{ role: "system", content: "s" }, { role: "user", content: [{ type: "text", text: "u" }] }] };
  expect(chatOf(example)).toEqual({ model: "x", rest: { max_tokens: 5 }, messages: [{ role: "system", content: "s" }, { role: "user", content: "u", images: [] }] });
  for (const one of [null, 3, "x", [], { messages: 3 }, { prompt: "p" }]) expect(chatOf(one)).toEqual({ messages: [], model: "", rest: {} });
});
