/** Why the server ended a connection for good; connecting again would end in the same way. */
export type ClosedReason = "gone" | "forbidden" | "signed-out" | "full" | "too-big" | "refused";

const TIMEOUT = 4408;

/**
 * The lasting reason behind a close code, or null when connecting again is worth a try.
 *
 * 4408 is in the permanent range, but a laptop that slept runs into it: it has to reconnect.
 */
export function closedReason(code: number): ClosedReason | null {
  switch (code) {
    case 4404:
      return "gone";
    case 4403:
      return "forbidden";
    case 4401:
      return "signed-out";
    case 4413:
      return "full";
    case 1009:
      return "too-big";
    case 1003:
      return "refused";
    default:
      return code >= 4400 && code < 4500 && code !== TIMEOUT ? "refused" : null;
  }
}

/** The same for a note of which this device has nothing to show. */
export function absentNotice(reason: ClosedReason): ClosedNotice {
  switch (reason) {
    case "gone":
      return { title: "This note was deleted", text: "It is no longer here.", retry: false };
    case "forbidden":
    case "signed-out":
      return { ...closedNotice(reason), text: "Ask its owner to let you in." };
    case "full":
    case "too-big":
    case "refused":
      return {
        title: "There is no such note",
        text: "The address may be cut off or mistyped.",
        retry: false,
      };
  }
}

export interface ClosedNotice {
  readonly title: string;
  readonly text: string;
  readonly retry: boolean;
}

/** What a person reads about it, and whether trying again can make sense. */
export function closedNotice(reason: ClosedReason): ClosedNotice {
  switch (reason) {
    case "gone":
      return {
        title: "This note was deleted",
        text: "It is no longer on the server. What you see is the copy on this device.",
        retry: false,
      };
    case "forbidden":
      return {
        title: "You have no access to this note",
        text: "Your edits stay on this device until access is given again.",
        retry: true,
      };
    case "signed-out":
      return {
        title: "You are signed out",
        text: "Your edits stay on this device. Sign in again to send them.",
        retry: true,
      };
    case "full":
      return {
        title: "This note is full",
        text: "The server takes no more edits for it. The latest ones are only on this device.",
        retry: true,
      };
    case "too-big":
      return {
        title: "An edit is too large",
        text: "The server did not take it, so the latest edits are only on this device.",
        retry: true,
      };
    case "refused":
      return {
        title: "The server refused an edit",
        text: "The latest edits are only on this device. Keep a copy of them before you go on.",
        retry: true,
      };
  }
}
