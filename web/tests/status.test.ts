import { describe, expect, test } from "vitest";
import {
  describeStatus,
  initialStatus,
  type NoteStatus,
  reduceStatus,
  type StatusEvent,
  type StatusKind,
} from "../src/note/status";

function statusAfter(...events: readonly StatusEvent[]): NoteStatus {
  return events.reduce(reduceStatus, initialStatus);
}

const receipt = (unsaved: boolean, edited = unsaved, overdue = false): StatusEvent => ({
  type: "receipt",
  unsaved,
  edited,
  overdue,
});
const synced: StatusEvent = { type: "synced" };
const lost: StatusEvent = { type: "lost" };
const device = (kept: boolean): StatusEvent => ({ type: "device", kept });

describe("status", () => {
  const cases: readonly (readonly [string, readonly StatusEvent[], StatusKind, string])[] = [
    ["at first", [], "connecting", "Connecting…"],
    ["[WB1] synced, no receipt yet", [synced], "saving", "Saving…"],
    ["[WB1] a receipt without a connection", [receipt(false)], "connecting", "Connecting…"],
    ["[WB1] synced and receipted", [synced, receipt(false)], "saved", "Saved"],
    ["edited again", [synced, receipt(false), receipt(true)], "saving", "Saving…"],
    ["overdue", [synced, receipt(true, true, true)], "unsaved", "Not saved yet"],
    [
      "title not written",
      [synced, receipt(false), { type: "title", unsaved: true }],
      "saving",
      "Saving…",
    ],
    ["lost with all saved", [synced, receipt(false), lost, device(true)], "offline", "Offline"],
    [
      "lost with edits",
      [synced, receipt(true), lost, device(true)],
      "offline",
      "Offline, edits kept",
    ],
    [
      "[WB5] lost, no storage",
      [device(false), synced, receipt(true), lost],
      "unsaved",
      "Offline, not saved",
    ],
    ["deleted", [synced, { type: "closed", reason: "gone" }], "closed", "Deleted"],
    ["full", [synced, receipt(true), { type: "closed", reason: "full" }], "closed", "Not saved"],
    [
      "[WB22] may only read",
      [synced, receipt(false), { type: "role", mayWrite: false }],
      "saved",
      "Read only",
    ],
    ["[WB22] edits refused", [synced, receipt(true), { type: "denied" }], "unsaved", "Not saved"],
    [
      "[WB22] edits refused, whatever the next receipt says",
      [synced, receipt(true), { type: "denied" }, receipt(false)],
      "unsaved",
      "Not saved",
    ],
    [
      "[WB22] may write again",
      [synced, { type: "denied" }, receipt(false), { type: "role", mayWrite: true }],
      "saved",
      "Saved",
    ],
    ["refused, nothing edited", [{ type: "closed", reason: "refused" }], "closed", "Disconnected"],
  ];

  test.each(cases)("%s", (_name, events, kind, label) => {
    expect(describeStatus(statusAfter(...events))).toMatchObject({ kind, label });
  });

  test("[WB5] promises to keep edits only where they are kept", () => {
    const kept = describeStatus(statusAfter(synced, receipt(true), device(true), lost));
    const lossy = describeStatus(statusAfter(synced, receipt(true), device(false), lost));
    expect(kept.detail).toContain("kept on this device");
    expect(lossy.detail).toContain("keeps no copy");
  });

  test("[WB6] the reason stays when the socket drops after a lasting refusal", () => {
    const status = statusAfter(synced, { type: "closed", reason: "gone" }, lost);
    expect(status).toMatchObject({ connection: "closed", closed: "gone" });
  });

  test("[WB6] trying again forgets the reason", () => {
    const status = statusAfter({ type: "closed", reason: "full" }, { type: "retry" });
    expect(status).toMatchObject({ connection: "connecting", closed: null });
  });

  test("a retry that fails says offline, not connecting", () => {
    expect(statusAfter(synced, lost, lost).connection).toBe("offline");
  });

  test("an event makes a new state and leaves the old one", () => {
    const before = statusAfter(synced);
    const frozen = Object.freeze({ ...before });
    reduceStatus(frozen, receipt(true));
    expect(frozen).toEqual(before);
  });
});
