import createClient from "openapi-fetch";
import { problemError, requestError } from "./problems";
import type { components, paths } from "./schema";

export type Document = components["schemas"]["Document"];
export type DocumentList = components["schemas"]["DocumentList"];
export type ContentFormat = components["schemas"]["ContentFormat"];

/** The longest title that the server takes, in characters. */
export const TITLE_LENGTH = 200;

const client = createClient<paths>({ baseUrl: "/" });

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

async function answered<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw requestError(error);
  }
  if (!answer.response.ok) throw problemError(answer.response.status, answer.error);
  return answer;
}

async function body<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await answered(request);
  if (data === undefined) throw problemError(response.status, null);
  return data;
}

/** A page of notes, newest edit first. */
export function listDocuments(
  query: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<DocumentList> {
  const page = { limit: 40, ...(query && { query }), ...(cursor !== null && { cursor }) };
  return body(client.GET("/api/documents", { params: { query: page }, signal }));
}

export function createNote(title: string): Promise<Document> {
  return body(client.POST("/api/documents", { body: { title, kind: "note" } }));
}

export function getDocument(id: string): Promise<Document> {
  return body(client.GET("/api/documents/{id}", { params: { path: { id } } }));
}

export function renameDocument(id: string, title: string): Promise<Document> {
  return body(client.PATCH("/api/documents/{id}", { params: { path: { id } }, body: { title } }));
}

/** Delete for good. With `leaving`, the request outlives the page. */
export async function deleteDocument(id: string, leaving = false): Promise<void> {
  await answered(
    client.DELETE("/api/documents/{id}", { params: { path: { id } }, keepalive: leaving }),
  );
}

/** Where the server gives a document's content; with `download`, as a file. */
export function contentPath(id: string, format: ContentFormat, download: boolean): string {
  const query = new URLSearchParams({ format });
  if (download) query.set("download", "1");
  return `/api/documents/${encodeURIComponent(id)}/content?${query.toString()}`;
}

export async function readContent(id: string, format: ContentFormat): Promise<string> {
  let response: Response;
  try {
    response = await fetch(contentPath(id, format, false));
  } catch (error) {
    throw requestError(error);
  }
  const text = await response.text();
  if (!response.ok) throw problemError(response.status, parsed(text));
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
