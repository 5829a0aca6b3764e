import { Download, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { errorText } from "../api/problems";
import { navigate } from "../app/router";
import { useStore } from "../app/useStore";
import type { LocalContent } from "../editor/NoteEditor";
import { Dialog } from "../ui/Dialog";
import { Menu } from "../ui/Menu";
import { showToast } from "../ui/toasts";
import { closedNotice } from "./closing";
import { exportLocal, type LocalFormat } from "./localExport";
import type { NoteSession } from "./NoteSession";

interface Props {
  readonly session: NoteSession;
  readonly content: () => LocalContent | null;
}

const FORMATS: readonly (readonly [LocalFormat, string])[] = [
  ["markdown", "Markdown"],
  ["html", "Web page"],
  ["text", "Plain text"],
  ["json", "JSON"],
  ["update", "Yjs update"],
];

/** The server ended the connection for good: says why, and what can be done with the edits. */
export function ClosedBanner({ session, content }: Props) {
  const { closed } = useStore(session.status);
  const [asking, setAsking] = useState(false);
  if (closed === null) return null;
  const { title, text, retry } = closedNotice(closed);

  const save = (format: LocalFormat) => {
    exportLocal(session, content(), format).catch((error: unknown) =>
      showToast(errorText(error), { tone: "error" }),
    );
  };
  const discard = async () => {
    await session.discard();
    navigate("/");
  };

  return (
    <div className="banner banner-strong" role="alert" data-testid="closed-banner">
      <TriangleAlert size={18} aria-hidden />
      <div className="banner-text">
        <strong>{title}</strong>
        <span>{text}</span>
      </div>
      <div className="banner-actions">
        <Menu
          label="Save a copy"
          className="button small"
          align="end"
          testId="export-local"
          items={FORMATS.map(([format, label]) => ({ label, run: () => save(format) }))}
        >
          <Download size={15} aria-hidden />
          Save a copy
        </Menu>
        {retry && (
          <button type="button" className="button small" onClick={() => session.retry()}>
            Try again
          </button>
        )}
        <button type="button" className="button small danger" onClick={() => setAsking(true)}>
          Discard
        </button>
      </div>
      {asking && (
        <Dialog title="Discard the copy on this device?" onClose={() => setAsking(false)}>
          <p>Edits that only this device has are lost for good.</p>
          <div className="dialog-actions">
            <span className="spring" />
            <button type="button" className="button" onClick={() => setAsking(false)}>
              Keep it
            </button>
            <button type="button" className="button danger" onClick={() => void discard()}>
              Discard
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
