import { getSchema } from "@tiptap/core";
import { CloudOff, FileQuestion } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useStore } from "../app/useStore";
import { contentExtensions } from "../editor/extensions";
import { type LocalContent, NoteEditor } from "../editor/NoteEditor";
import { unknownTypes } from "../editor/schemaGuard";
import { Notice } from "../ui/Notice";
import type { NoteSession } from "./NoteSession";
import { TextView } from "./TextView";

interface Props {
  readonly session: NoteSession;
  readonly onContent: (content: LocalContent | null) => void;
}

const schema = getSchema(contentExtensions());

/** The text of a note, or why there is none to show. */
export function NoteBody({ session, onContent }: Props) {
  const content = useStore(session.content);
  const info = useStore(session.info);
  if (content === "loading") return <Skeleton />;
  if (content === "unreachable") return <Unreachable />;
  if (info?.kind === "text") return <TextView session={session} />;
  return <GuardedEditor session={session} onContent={onContent} />;
}

/** An editor only where it knows every node, since it deletes those it does not. */
function GuardedEditor({ session, onContent }: Props) {
  const { closed, readOnly } = useStore(session.status);
  const found = useMemo(
    () => unknownTypes(session.doc.getXmlFragment("default"), schema),
    [session],
  );
  const [unknown, setUnknown] = useState(found);
  const onUnknown = useCallback((names: readonly string[]) => setUnknown(names), []);
  if (unknown.length > 0) return <Unknown names={unknown} />;
  return (
    <NoteEditor
      session={session}
      editable={closed === null && !readOnly}
      onUnknown={onUnknown}
      onContent={onContent}
    />
  );
}

function Unknown({ names }: { readonly names: readonly string[] }) {
  return (
    <Notice
      alert
      testId="note-unknown"
      icon={<FileQuestion size={26} />}
      title="This note was made by another editor"
      text={`It holds “${names.join("”, “")}”, which this page does not know and would remove. It stays closed here, so that nothing is lost. Export still works.`}
    />
  );
}

function Unreachable() {
  return (
    <Notice
      testId="note-unreachable"
      icon={<CloudOff size={26} />}
      title="The server cannot be reached"
      text="There is no copy of this note on this device yet. It opens as soon as the server answers."
    />
  );
}

function Skeleton() {
  return (
    <div className="paper" role="status" aria-label="Loading the note">
      {[92, 84, 97, 40, 0, 88, 73].map((width) => (
        <div key={width} className="skeleton skeleton-line" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
