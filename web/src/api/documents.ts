import { authorization } from "../app/credentials";
import { answered, body, client } from "./client";
import { problemError, requestError } from "./problems";
import type { components } from "./schema";

export type Document = components["schemas"]["Document"];
export type DocumentList = components["schemas"]["DocumentList"];
export type ContentFormat = components["schemas"]["ContentFormat"];

/** The longest title that the server takes, in characters. */
export const TITLE_LENGTH = 200;

/** Whether a role lets its bearer change a note. */
export function mayWrite(role: NonNullable<Document["role"]>): boolean {
  return role === "owner" || role === "editor";
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

export async function readContent(id: string, format: ContentFormat): Promise<string> {
  const path = `/api/documents/${encodeURIComponent(id)}/content?format=${format}`;
  let response: Response;
  try {
    response = await fetch(path, { headers: authorization(id) });
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
