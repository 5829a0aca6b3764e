import { answered, body, client } from "./client";
import type { components } from "./schema";

export type ShareLink = components["schemas"]["ShareLink"];
export type MadeLink = components["schemas"]["MadeLink"];
export type Me = components["schemas"]["Me"];
export type LinkRole = components["schemas"]["NewLink"]["role"];

/** Whom the server takes the bearer of the page's token for. */
export function whoAmI(): Promise<Me> {
  return body(client.GET("/api/me"));
}

/** Whether the server looks at who one is: only then do links and grants mean anything. */
export async function asksWho(): Promise<boolean> {
  return (await whoAmI()).mode !== "open";
}

/** The links of a note that still let people in, newest first. */
export async function liveLinks(id: string, now: number): Promise<readonly ShareLink[]> {
  const { links } = await body(
    client.GET("/api/documents/{id}/links", { params: { path: { id } } }),
  );
  return links.filter(
    (link) => link.revoked === null && (link.expires === null || Date.parse(link.expires) > now),
  );
}

/** Make a link; its address is told this once. `expires` is in milliseconds since the epoch. */
export function makeLink(id: string, role: LinkRole, expires: number | null): Promise<MadeLink> {
  const end = expires === null ? null : new Date(expires).toISOString();
  return body(
    client.POST("/api/documents/{id}/links", {
      params: { path: { id } },
      body: { role, name: "", expires: end },
    }),
  );
}

export async function revokeLink(id: string, link: string): Promise<void> {
  await answered(
    client.DELETE("/api/documents/{id}/links/{link}", { params: { path: { id, link } } }),
  );
}
