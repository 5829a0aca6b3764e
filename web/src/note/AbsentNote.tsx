import { FileQuestion } from "lucide-react";
import { useStore } from "../app/useStore";
import { Brand } from "../ui/Brand";
import { Link } from "../ui/Link";
import { Notice } from "../ui/Notice";
import { ThemeMenu } from "../ui/ThemeMenu";
import { absentNotice } from "./closing";
import type { NoteSession } from "./NoteSession";

/** The page of a note that the server does not give and that this device has no copy of. */
export function AbsentNote({ session }: { readonly session: NoteSession }) {
  const { closed } = useStore(session.status);
  const { title, text, retry } = absentNotice(closed ?? "refused");
  return (
    <div className="page list-page">
      <header className="list-header">
        <Brand />
        <ThemeMenu />
      </header>
      <main>
        <Notice
          alert
          testId="note-absent"
          icon={<FileQuestion size={26} />}
          title={title}
          text={text}
        >
          {retry && (
            <button type="button" className="button" onClick={() => session.retry()}>
              Try again
            </button>
          )}
          <Link className="button primary" href="/">
            All notes
          </Link>
        </Notice>
      </main>
    </div>
  );
}
