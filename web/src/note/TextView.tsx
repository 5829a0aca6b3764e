import { useEffect, useState } from "react";
import type { NoteSession } from "./NoteSession";

/** A text document, live but not to be edited here: it belongs to an editor of code or text. */
export function TextView({ session }: { readonly session: NoteSession }) {
  const [text, setText] = useState("");

  useEffect(() => {
    const shared = session.doc.getText("content");
    const read = () => setText(shared.toString());
    read();
    shared.observe(read);
    return () => shared.unobserve(read);
  }, [session]);

  return (
    <div className="paper">
      <p className="text-note">
        This is a plain text document. It is shown here as others edit it.
      </p>
      <pre className="text-view" data-testid="text-view">
        {text}
      </pre>
    </div>
  );
}
