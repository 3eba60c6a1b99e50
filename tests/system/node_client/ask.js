// Asks a Headway through OpenAI's client for Node.js and prints what came of it as JSON.
import OpenAI from "openai";

const { HEADWAY_URL: baseURL, HEADWAY_KEY: apiKey } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 60_000 });
const talk = (text, more = {}) =>
  client.chat.completions.create({ model: "talks", messages: [{ role: "user", content: text }], ...more });

const failed = async (asking) => {
  try {
    await asking();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, message: error.message, type: error.type };
  }
};

const told = {};
told.listed = [];
for await (const model of client.models.list()) told.listed.push(model.id);
told.retrieved = (await client.models.retrieve("talks/staging")).id;
told.said = (await talk("hello")).choices[0].message.content;
told.streamed = [];
for await (const chunk of await talk("hello", { stream: true, stream_options: { include_usage: true } })) {
  told.streamed.push(chunk.choices[0]?.delta?.content ?? null);
  told.usage = chunk.usage;
}
const tool = { type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } };
told.called = (await talk("Oslo", { tools: [tool] })).choices[0].message.tool_calls[0].function;
told.embedded = (
  await client.embeddings.create({ model: "talks", input: ["abc"], encoding_format: "float" })
).data[0].embedding;

told.errors = {
  model: await failed(() => talk("hello", { model: "tals" })),
  refused: await failed(() => talk("refuse")),
  stream: await failed(() => talk("refuse", { stream: true })),
  broken: await failed(() => talk("crash")),
  method: await failed(() => client.responses.create({ model: "talks", input: "hello" })),
  key: await failed(() => new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list()),
};
console.log(JSON.stringify(told));
