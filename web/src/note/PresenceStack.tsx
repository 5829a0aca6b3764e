import { useState } from "react";
import { useStore } from "../app/useStore";
import { IdentityDialog } from "./IdentityDialog";
import type { NoteSession } from "./NoteSession";
import { initials, type Peer } from "./presence";

const SHOWN = 4;

/** Who has the note open. One's own avatar leads to the dialog for name and colour. */
export function PresenceStack({ session }: { readonly session: NoteSession }) {
  const peers = useStore(session.peers);
  const [editing, setEditing] = useState(false);
  const self = peers.find((peer) => peer.self);
  const others = peers.filter((peer) => !peer.self);
  const hidden = others.slice(SHOWN);
  const people = peers.length === 1 ? "Only you are here" : `${peers.length} people are here`;

  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would be no better for a row of avatars */}
      <div className="presence" role="group" aria-label={people} data-testid="presence">
        {hidden.length > 0 && (
          <span className="avatar avatar-more" data-tooltip={hidden.map(nameOf).join(", ")}>
            +{hidden.length}
          </span>
        )}
        {others
          .slice(0, SHOWN)
          .reverse()
          .map((peer) => (
            <span
              key={peer.client}
              className="avatar"
              role="img"
              aria-label={peer.name}
              data-tooltip={peer.name}
              data-testid="peer"
              data-initials={initials(peer.name)}
              style={{ background: peer.color }}
            />
          ))}
        {self !== undefined && (
          <button
            type="button"
            className="avatar avatar-self"
            aria-label={`${self.name} (you). Change your name`}
            data-tooltip={`${self.name} (you)`}
            data-testid="own-avatar"
            data-initials={initials(self.name)}
            style={{ background: self.color }}
            onClick={() => setEditing(true)}
          />
        )}
      </div>
      {editing && <IdentityDialog session={session} onClose={() => setEditing(false)} />}
    </>
  );
}

function nameOf(peer: Peer): string {
  return peer.name;
}
