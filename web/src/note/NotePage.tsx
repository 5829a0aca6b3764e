import { ArrowLeft } from "lucide-react";
import { useCallback, useRef } from "react";
import { useStore } from "../app/useStore";
import type { LocalContent } from "../editor/NoteEditor";
import { Link } from "../ui/Link";
import { ThemeMenu } from "../ui/ThemeMenu";
import { AbsentNote } from "./AbsentNote";
import { ClosedBanner } from "./ClosedBanner";
import { ExportMenu } from "./ExportMenu";
import { NoteBody } from "./NoteBody";
import type { NoteSession } from "./NoteSession";
import { PresenceStack } from "./PresenceStack";
import { ShareButton } from "./ShareButton";
import { StatusBadge } from "./StatusBadge";
import { TitleField } from "./TitleField";
import { useNoteSession } from "./useNoteSession";
import { useSaveKey } from "./useSaveKey";
import "../styles/note.css";
import "../styles/toolbar.css";
import "../styles/prose.css";
import "../styles/code.css";
import "../styles/carets.css";
import "../styles/share.css";

/** One note, by the id in its address. */
export default function NotePage({ id }: { readonly id: string }) {
  const session = useNoteSession(id);
  return session === null ? null : <OpenNote key={id} session={session} />;
}

function OpenNote({ session }: { readonly session: NoteSession }) {
  const { closed, readOnly } = useStore(session.status);
  const nothing = useStore(session.content) !== "ready" && closed !== null;
  const local = useRef<LocalContent | null>(null);
  const content = useCallback(() => local.current, []);
  const onContent = useCallback((current: LocalContent | null) => {
    local.current = current;
  }, []);

  useSaveKey(session);
  if (nothing) return <AbsentNote session={session} />;
  return (
    <div className="page note-page">
      <header className="note-header">
        <Link
          href="/"
          className="icon-button back"
          aria-label="All notes"
          data-tooltip="All notes"
          data-testid="back"
        >
          <ArrowLeft size={19} aria-hidden />
        </Link>
        <StatusBadge session={session} />
        <span className="spring" />
        <PresenceStack session={session} />
        <ShareButton session={session} />
        <ExportMenu session={session} content={content} />
        <ThemeMenu />
      </header>
      <ClosedBanner session={session} content={content} />
      <main className="note-main">
        <TitleField session={session} disabled={closed !== null || readOnly} />
        <NoteBody session={session} onContent={onContent} />
      </main>
    </div>
  );
}
