// Anthropic's SDK for Node against the gateway; see ask.mjs.
import Anthropic from "@anthropic-ai/sdk";
import { CITY, DESCRIPTION, run, weather } from "./ask.mjs";

const TOOLS = [{ name: "get_weather", description: DESCRIPTION, input_schema: CITY }];

run((url, key) => {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  return async ({ model, question, stream, tools, maxTokens }, answers) => {
    const messages = [{ role: "user", content: question }];
    for (;;) {
      const request = {
        model,
        messages,
        max_tokens: maxTokens,
        thinking: { type: "adaptive" },
        ...(tools && { tools: TOOLS }),
      };
      const message = stream
        ? await client.messages.stream(request).finalMessage()
        : await client.messages.create(request);
      const of = (type) => message.content.filter((block) => block.type === type);
      answers.push({
        text: of("text").map((block) => block.text).join(""),
        thinking: of("thinking").map((block) => block.thinking).join(""),
        calls: of("tool_use").map((block) => [block.name, block.input]),
        ended: message.stop_reason,
        usage: [message.usage.input_tokens, message.usage.output_tokens],
      });
      if (message.stop_reason !== "tool_use") return;
      messages.push({ role: "assistant", content: message.content });
      const results = of("tool_use").map(({ id, input }) => ({
        type: "tool_result",
        tool_use_id: id,
        content: weather(input),
      }));
      messages.push({ role: "user", content: results });
    }
  };
});
