import { useEffect, useState } from "react";
import { NoteSession } from "./NoteSession";
import { socketOrigin } from "./socketOrigin";

/** The session of the note with this id: opened when shown, closed when left. */
export function useNoteSession(id: string): NoteSession | null {
  const [session, setSession] = useState<NoteSession | null>(null);

  useEffect(() => {
    const opened = new NoteSession(id, socketOrigin());
    setSession(opened);
    return () => {
      setSession(null);
      void opened.close();
    };
  }, [id]);

  return session?.id === id ? session : null;
}
