/** Where the server's WebSockets are: the page's own origin. */
export function socketOrigin(): string {
  return location.origin.replace(/^http/, "ws");
}
