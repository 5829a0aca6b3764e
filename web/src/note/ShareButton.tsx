import { Link as LinkIcon } from "lucide-react";
import { notePath } from "../app/routes";
import { showToast } from "../ui/toasts";

/** Copies the note's address: whoever may reach the server can open it. */
export function ShareButton({ id }: { readonly id: string }) {
  const copy = async () => {
    const address = location.origin + notePath(id);
    try {
      await navigator.clipboard.writeText(address);
      showToast("Link copied");
    } catch {
      showToast(address, { milliseconds: 10_000 });
    }
  };
  return (
    <button
      type="button"
      className="button share"
      data-tooltip="Copy the link to this note"
      data-testid="copy-link"
      onClick={() => void copy()}
    >
      <LinkIcon size={16} aria-hidden />
      <span>Copy link</span>
    </button>
  );
}
