// OpenAI's SDK for Node against the gateway; see ask.mjs.
import OpenAI from "openai";
import { CITY, DESCRIPTION, run, weather } from "./ask.mjs";

const TOOLS = [{ type: "function", function: { name: "get_weather", description: DESCRIPTION, parameters: CITY } }];

async function completion(client, request, stream) {
  if (!stream) return [await client.chat.completions.create(request), null];
  const events = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
  // The SDK keeps only the last piece of a field it does not know, so thinking is read from the chunks.
  let thinking = "";
  events.on("chunk", (chunk) => {
    thinking += chunk.choices[0]?.delta.reasoning_content ?? "";
  });
  return [await events.finalChatCompletion(), thinking];
}

run((url, key) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  return async ({ model, question, stream, tools, maxTokens }, answers) => {
    const messages = [{ role: "user", content: question }];
    for (;;) {
      const request = { model, messages, max_tokens: maxTokens, ...(tools && { tools: TOOLS }) };
      const [{ choices, usage }, thinking] = await completion(client, request, stream);
      const { message, finish_reason } = choices[0];
      const calls = message.tool_calls ?? [];
      answers.push({
        text: message.content ?? "",
        thinking: thinking ?? message.reasoning_content ?? "",
        calls: calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
        ended: finish_reason,
        usage: [usage.prompt_tokens, usage.completion_tokens],
      });
      if (finish_reason !== "tool_calls") return;
      messages.push(message);
      for (const { id, function: { arguments: given } } of calls)
        messages.push({ role: "tool", tool_call_id: id, content: weather(JSON.parse(given)) });
    }
  };
});
