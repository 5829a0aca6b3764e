import { Check, CloudOff, LoaderCircle, TriangleAlert } from "lucide-react";
import { useStore } from "../app/useStore";
import type { NoteSession } from "./NoteSession";
import { describeStatus, type StatusKind } from "./status";
import { useSettled } from "./useSettled";

const ICONS: Record<StatusKind, typeof Check> = {
  connecting: LoaderCircle,
  offline: CloudOff,
  saving: LoaderCircle,
  unsaved: TriangleAlert,
  saved: Check,
  closed: TriangleAlert,
};

/** Where the edits are, in a word; the tooltip says it in full. */
export function StatusBadge({ session }: { readonly session: NoteSession }) {
  const { kind, label, detail } = useSettled(describeStatus(useStore(session.status)));
  const Icon = ICONS[kind];
  return (
    <div
      className="status"
      role="status"
      // Not read out with every pause in typing, but when something changes for the worse.
      aria-live={kind === "saved" || kind === "saving" ? "off" : "polite"}
      data-testid="save-status"
      data-status={kind}
      data-tooltip={detail}
    >
      <Icon size={15} aria-hidden />
      <span>{label}</span>
    </div>
  );
}
