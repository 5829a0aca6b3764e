import { Copy, Trash2 } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useId, useState } from "react";
import { errorText } from "../api/problems";
import { type LinkRole, liveLinks, makeLink, revokeLink, type ShareLink } from "../api/sharing";
import { notePath } from "../app/routes";
import { copyText } from "../ui/clipboard";
import { Dialog } from "../ui/Dialog";
import { showToast } from "../ui/toasts";

const DAY = 24 * 60 * 60 * 1000;
const ENDS = [
  ["never", "Until it is revoked", null],
  ["day", "For a day", DAY],
  ["week", "For a week", 7 * DAY],
  ["month", "For 30 days", 30 * DAY],
] as const;
const ROLES: Record<"editor" | "viewer", string> = { editor: "Can edit", viewer: "Can read" };

interface Props {
  readonly id: string;
  readonly onClose: () => void;
}

/** An owner's view of the links to a note: make one, see those there are, revoke. */
export function ShareDialog({ id, onClose }: Props) {
  const [links, setLinks] = useState<readonly ShareLink[] | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const load = useCallback(async () => setLinks(await liveLinks(id, Date.now())), [id]);
  useEffect(() => {
    load().catch(report);
  }, [load]);

  const attempt = (work: () => Promise<void>) => {
    setBusy(true);
    work()
      .then(load)
      .catch(report)
      .finally(() => setBusy(false));
  };
  const make = (role: LinkRole, lasts: number | null) =>
    attempt(async () => {
      const link = await makeLink(id, role, lasts === null ? null : Date.now() + lasts);
      const end = new URLSearchParams({ link: link.token }).toString();
      const address = `${location.origin}${notePath(id)}#${end}`;
      setMade(address);
      await copyText(address, "Link copied");
    });

  return (
    <Dialog title="Share this note" onClose={onClose} testId="share-dialog">
      <MakeLink busy={busy} make={make} />
      {made !== null && <MadeAddress address={made} />}
      {links !== null && links.length > 0 && (
        <ul className="links" aria-label="Links to this note">
          {links.map((link) => (
            <LinkRow
              key={link.id}
              link={link}
              busy={busy}
              revoke={() => attempt(() => revokeLink(id, link.id))}
            />
          ))}
        </ul>
      )}
      <div className="dialog-actions">
        <span className="spring" />
        <button type="button" className="button" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

interface MakeProps {
  readonly busy: boolean;
  readonly make: (role: LinkRole, lasts: number | null) => void;
}

function MakeLink({ busy, make }: MakeProps) {
  const id = useId();
  const [role, setRole] = useState<"editor" | "viewer">("editor");
  const [end, setEnd] = useState<string>("never");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make(role, ENDS.find(([name]) => name === end)?.[2] ?? null);
  };
  return (
    <form onSubmit={submit} className="make-link">
      <label htmlFor={`${id}-role`}>Who has the link</label>
      <select
        id={`${id}-role`}
        value={role}
        onChange={(event) => setRole(event.target.value === "viewer" ? "viewer" : "editor")}
      >
        {Object.entries(ROLES).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-end`}>It works</label>
      <select id={`${id}-end`} value={end} onChange={(event) => setEnd(event.target.value)}>
        {ENDS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <button type="submit" className="button primary" disabled={busy} data-testid="make-link">
        Make a link
      </button>
    </form>
  );
}

function MadeAddress({ address }: { readonly address: string }) {
  return (
    <div className="made-link">
      <label htmlFor="made-link">The new link, shown this once</label>
      <div>
        <input id="made-link" type="text" readOnly value={address} data-testid="made-link" />
        <button
          type="button"
          className="icon-button"
          aria-label="Copy the new link"
          onClick={() => void copyText(address, "Link copied")}
        >
          <Copy size={17} aria-hidden />
        </button>
      </div>
    </div>
  );
}

interface RowProps {
  readonly link: ShareLink;
  readonly busy: boolean;
  readonly revoke: () => void;
}

function LinkRow({ link, busy, revoke }: RowProps) {
  const end = link.expires === null ? "" : `, until ${dateText(link.expires)}`;
  const text = `${roleText(link.role)}${end}`;
  return (
    <li>
      <span>
        <strong>{link.name === "" ? text : link.name}</strong>
        <small>
          {link.name === "" ? "" : `${text}. `}Made {dateText(link.created)}
        </small>
      </span>
      <button
        type="button"
        className="icon-button"
        disabled={busy}
        aria-label={`Revoke: ${text}`}
        data-tooltip="Revoke"
        data-testid="revoke-link"
        onClick={revoke}
      >
        <Trash2 size={17} aria-hidden />
      </button>
    </li>
  );
}

function roleText(role: ShareLink["role"]): string {
  return role === "editor" || role === "viewer" ? ROLES[role] : "Can comment";
}

function dateText(moment: string): string {
  return new Date(moment).toLocaleDateString(undefined, { dateStyle: "medium" });
}

function report(error: unknown): void {
  showToast(errorText(error), { tone: "error" });
}
