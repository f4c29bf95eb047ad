// The AI SDK against the gateway, through the provider that the command line names; see ask.mjs.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai";
import { CITY, DESCRIPTION, run, weather } from "./ask.mjs";

const PROVIDERS = {
  openai: (baseURL, apiKey) => createOpenAI({ baseURL, apiKey }).chat,
  compatible: (baseURL, apiKey) => createOpenAICompatible({ name: "gateway", baseURL, apiKey, includeUsage: true }),
  anthropic: (baseURL, apiKey) => createAnthropic({ baseURL, apiKey }),
};
const TOOLS = {
  get_weather: tool({
    description: DESCRIPTION,
    inputSchema: jsonSchema(CITY),
    execute: async (input) => weather(input),
  }),
};

async function streamed(request) {
  let error = null;
  const result = streamText({ ...request, onError: (event) => (error ??= event.error) });
  await result.consumeStream();
  if (error) throw error;
  return result;
}

run((url, key) => {
  const provider = PROVIDERS[process.argv[2]](`${url}/v1`, key);
  return async ({ model, question, stream, tools, maxTokens }, answers) => {
    const request = {
      model: provider(model),
      prompt: question,
      maxOutputTokens: maxTokens,
      maxRetries: 0,
      providerOptions: { anthropic: { thinking: { type: "adaptive" } } },
      stopWhen: isStepCount(5),
      ...(tools && { tools: TOOLS }),
    };
    const result = stream ? await streamed(request) : await generateText(request);
    for (const step of await result.steps)
      answers.push({
        text: step.text,
        thinking: step.reasoningText ?? "",
        calls: step.toolCalls.map((call) => [call.toolName, call.input]),
        ended: step.finishReason,
        usage: [step.usage.inputTokens, step.usage.outputTokens],
      });
  };
});
