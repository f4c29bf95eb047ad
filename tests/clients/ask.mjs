// Reads {url, key, cases} from standard input, has `ask` hold each case's conversation, and prints what it heard:
// for each case the answers, up to the one that failed, and the error that the SDK raised.
import { text } from "node:stream/consumers";

export const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const DESCRIPTION = "Get the weather";

export const weather = ({ city }) => `sun in ${city}`;

const failure = (error) => ({
  name: error.constructor.name,
  message: String(error.message),
  status: error.status ?? error.statusCode ?? null,
});

export async function run(connect) {
  const { url, key, cases } = JSON.parse(await text(process.stdin));
  const ask = connect(url, key);
  const heard = [];
  for (const asked of cases) {
    const answers = [];
    let error = null;
    try {
      await ask(asked, answers);
    } catch (raised) {
      error = failure(raised);
    }
    heard.push({ answers, error });
  }
  console.log(JSON.stringify(heard));
}
