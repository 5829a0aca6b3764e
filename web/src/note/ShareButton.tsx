import { Link as LinkIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { asksWho } from "../api/sharing";
import { credentialsFor } from "../app/credentials";
import { notePath } from "../app/routes";
import { useStore } from "../app/useStore";
import { copyText } from "../ui/clipboard";
import type { NoteSession } from "./NoteSession";
import { ShareDialog } from "./ShareDialog";

/**
 * Where the server knows who is who, owners make links here. Elsewhere the note's address is
 * enough, and who came by a link passes that link on.
 */
export function ShareButton({ session }: { readonly session: NoteSession }) {
  const owner = useStore(session.info)?.role === "owner";
  const [managed, setManaged] = useState(false);
  const [open, setOpen] = useState(false);

  useEffect(() => {
    let current = true;
    if (owner) {
      asksWho()
        .then((asks) => current && setManaged(asks))
        // Then the address alone can be copied, as before the answer.
        .catch(() => undefined);
    }
    return () => {
      current = false;
    };
  }, [owner]);

  const copy = () => {
    const { link } = credentialsFor(session.id);
    const end = link === null ? "" : `#${new URLSearchParams({ link }).toString()}`;
    void copyText(location.origin + notePath(session.id) + end, "Link copied");
  };
  return (
    <>
      <button
        type="button"
        className="button share"
        data-tooltip={managed ? "Make links to this note" : "Copy the link to this note"}
        data-testid={managed ? "share" : "copy-link"}
        onClick={managed ? () => setOpen(true) : copy}
      >
        <LinkIcon size={16} aria-hidden />
        <span>{managed ? "Share" : "Copy link"}</span>
      </button>
      {open && <ShareDialog id={session.id} onClose={() => setOpen(false)} />}
    </>
  );
}
