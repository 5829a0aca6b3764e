import type { ClosedReason } from "./closing";
import type { ReceiptState } from "./ReceiptLine";

/** How the socket stands. "offline" lasts through all retries until one of them syncs. */
export type Connection = "connecting" | "offline" | "synced" | "closed";

/** What a person must know of one open note. */
export interface NoteStatus {
  readonly connection: Connection;
  readonly closed: ClosedReason | null;
  /** Not every edit has a receipt. True from the start: the device's copy may hold old ones. */
  readonly unsaved: boolean;
  /** Someone edited on this device, and the receipt for it is not there. */
  readonly edited: boolean;
  /** A receipt has been outstanding for long, though the connection stands. */
  readonly overdue: boolean;
  readonly titleUnsaved: boolean;
  /** Whether edits survive closing the tab; null until known. */
  readonly keptOnDevice: boolean | null;
  /** The server takes no edits from here. */
  readonly readOnly: boolean;
  /** It took none, and some had been made. */
  readonly refused: boolean;
}

export type StatusEvent =
  | { readonly type: "synced" }
  | { readonly type: "lost" }
  | { readonly type: "closed"; readonly reason: ClosedReason }
  | { readonly type: "retry" }
  | ({ readonly type: "receipt" } & ReceiptState)
  | { readonly type: "role"; readonly mayWrite: boolean }
  | { readonly type: "denied" }
  | { readonly type: "title"; readonly unsaved: boolean }
  | { readonly type: "device"; readonly kept: boolean };

export const initialStatus: NoteStatus = {
  connection: "connecting",
  closed: null,
  unsaved: true,
  edited: false,
  overdue: false,
  titleUnsaved: false,
  keptOnDevice: null,
  readOnly: false,
  refused: false,
};

export function reduceStatus(status: NoteStatus, event: StatusEvent): NoteStatus {
  switch (event.type) {
    case "synced":
      return { ...status, connection: "synced", closed: null };
    case "lost":
      // A server that refused for good also drops the socket: the reason must stay.
      return status.closed === null ? { ...status, connection: "offline", overdue: false } : status;
    case "closed":
      return { ...status, connection: "closed", closed: event.reason, overdue: false };
    case "retry":
      return { ...status, connection: "connecting", closed: null };
    case "receipt":
      return {
        ...status,
        unsaved: event.unsaved,
        edited: event.edited,
        overdue: event.overdue,
      };
    case "role":
      return { ...status, readOnly: !event.mayWrite, refused: status.refused && !event.mayWrite };
    case "denied":
      return { ...status, readOnly: true, refused: status.refused || status.edited };
    case "title":
      return { ...status, titleUnsaved: event.unsaved };
    case "device":
      return { ...status, keptOnDevice: event.kept };
  }
}

export type StatusKind = "connecting" | "offline" | "saving" | "unsaved" | "saved" | "closed";

export interface StatusLabel {
  readonly kind: StatusKind;
  readonly label: string;
  readonly detail: string;
}

/** The words for a status. "Saved" is said only of edits whose receipt has come. */
export function describeStatus(status: NoteStatus): StatusLabel {
  const edited = status.edited || status.titleUnsaved;
  switch (status.connection) {
    case "connecting":
      return { kind: "connecting", label: "Connecting…", detail: "Reaching the server." };
    case "closed":
      return {
        kind: "closed",
        label: status.closed === "gone" ? "Deleted" : edited ? "Not saved" : "Disconnected",
        detail: "The server takes no edits from here. They stay on this device.",
      };
    case "offline":
      return offline(edited, status.keptOnDevice);
    case "synced":
      if (status.refused) {
        return {
          kind: "unsaved",
          label: "Not saved",
          detail: "You may only read this note. Edits made here stay on this device.",
        };
      }
      if (status.readOnly) {
        return { kind: "saved", label: "Read only", detail: "You may only read this note." };
      }
      if (!status.unsaved && !status.titleUnsaved) {
        return { kind: "saved", label: "Saved", detail: "Every edit is stored on the server." };
      }
      return status.overdue
        ? {
            kind: "unsaved",
            label: "Not saved yet",
            detail: "The server has not confirmed the latest edits. It is being tried again.",
          }
        : { kind: "saving", label: "Saving…", detail: "Waiting for the server to confirm." };
  }
}

function offline(edited: boolean, kept: boolean | null): StatusLabel {
  if (kept === false) {
    return {
      kind: "unsaved",
      label: edited ? "Offline, not saved" : "Offline",
      detail: "This browser keeps no copy: leave the tab open until the connection is back.",
    };
  }
  return {
    kind: "offline",
    label: edited ? "Offline, edits kept" : "Offline",
    detail: "Edits are kept on this device and sent when the connection is back.",
  };
}
