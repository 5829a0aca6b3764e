/** The pages of the app, as addresses name them. */
export type Route =
  | { readonly page: "list" }
  | { readonly page: "note"; readonly id: string }
  | { readonly page: "missing" };

const NOTES = "/notes/";

/** Everything after /notes/ is the id, percent-encoded or plain, slashes included. */
export function parseRoute(path: string): Route {
  if (path === "/" || path === "/notes" || path === NOTES) return { page: "list" };
  if (!path.startsWith(NOTES)) return { page: "missing" };
  try {
    return { page: "note", id: decodeURIComponent(path.slice(NOTES.length)) };
  } catch {
    return { page: "missing" };
  }
}

/** The one address of a note. Slashes stay plain, so that ids with paths read well. */
export function notePath(id: string): string {
  return NOTES + id.split("/").map(encodeURIComponent).join("/");
}
