import createClient from "openapi-fetch";
import { authorization } from "../app/credentials";
import { problemError, requestError } from "./problems";
import type { paths } from "./schema";

/** The server's REST interface, with what this browser has to show. */
export const client = createClient<paths>({ baseUrl: "/" });
client.use({
  onRequest({ request, params }) {
    const id = params.path?.["id"];
    const headers = authorization(typeof id === "string" ? id : null);
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    return request;
  },
});

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

export async function answered<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw requestError(error);
  }
  if (!answer.response.ok) throw problemError(answer.response.status, answer.error);
  return answer;
}

export async function body<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await answered(request);
  if (data === undefined) throw problemError(response.status, null);
  return data;
}
