import { parseRoute } from "./routes";
import { readSetting, writeSetting } from "./settings";

/**
 * What this browser shows the server: a token of the product that the app belongs to, for as long
 * as the tab lives, and the share links by which it came to notes, for good.
 *
 * Both come in the address, after `#`, which browsers send to nobody; they are taken out of it,
 * so that they are neither read over a shoulder nor copied along with the address.
 */
export interface Credentials {
  readonly token: string | null;
  readonly link: string | null;
}

const TOKEN = "collab:token";
let token: string | null = readToken();

function readToken(): string | null {
  try {
    return sessionStorage.getItem(TOKEN);
  } catch {
    return null;
  }
}

/** Take `#token=…` and `#link=…` out of the page's address. */
export function takeCredentials(): void {
  const given = new URLSearchParams(location.hash.slice(1));
  const link = given.get("link");
  const brought = given.get("token");
  if (link === null && brought === null) return;
  const route = parseRoute(location.pathname);
  if (link !== null && route.page === "note") writeSetting(`link:${route.id}`, link);
  if (brought !== null) keepToken(brought);
  history.replaceState(history.state, "", location.pathname + location.search);
}

function keepToken(brought: string): void {
  token = brought;
  try {
    sessionStorage.setItem(TOKEN, brought);
  } catch {
    // Blocked storage: the token lasts as long as the page.
  }
}

/** What to show for a note, or, without one, for the list. */
export function credentialsFor(id: string | null): Credentials {
  return { token, link: id === null ? null : readSetting(`link:${id}`) };
}

/** The headers of a request about a note, or about none. */
export function authorization(id: string | null): Record<string, string> {
  const { token: mine, link } = credentialsFor(id);
  if (mine === null) return link === null ? {} : { Authorization: `Bearer ${link}` };
  return { Authorization: `Bearer ${mine}`, ...(link !== null && { "Collab-Link": link }) };
}

/** The query parameters of a WebSocket, whose headers are not a page's to set. */
export function credentialParams(id: string): Record<string, string> {
  const { token: mine, link } = credentialsFor(id);
  return { ...(mine !== null && { token: mine }), ...(link !== null && { link }) };
}
