import type { Editor } from "@tiptap/core";
import { ExternalLink } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { Dialog } from "../ui/Dialog";
import { AddressField } from "./AddressField";
import { linkAddress } from "./addresses";

interface Props {
  readonly editor: Editor;
  readonly current: string | null;
  readonly onClose: () => void;
}

/** Set, change or remove the link at the selection. */
export function LinkDialog({ editor, current, onClose }: Props) {
  const id = useId();
  const [typed, setTyped] = useState(current ?? "");
  const [wrong, setWrong] = useState(false);

  const close = () => {
    onClose();
    editor.commands.focus();
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const href = linkAddress(typed);
    if (href === null) {
      setWrong(true);
      return;
    }
    const chain = editor.chain().focus().extendMarkRange("link");
    if (editor.state.selection.empty && current === null) {
      const text = typed.trim();
      chain.insertContent({ type: "text", text, marks: [{ type: "link", attrs: { href } }] }).run();
    } else {
      chain.setLink({ href }).run();
    }
    onClose();
  };

  const remove = () => {
    editor.chain().focus().extendMarkRange("link").unsetLink().run();
    onClose();
  };

  const known = current === null ? null : linkAddress(current);
  return (
    <Dialog
      title={current === null ? "Add a link" : "Edit link"}
      onClose={close}
      testId="link-dialog"
    >
      <form onSubmit={submit} noValidate>
        <AddressField
          id={id}
          label="Address"
          value={typed}
          problem={wrong ? "This is no web or mail address." : null}
          onChange={(address) => {
            setTyped(address);
            setWrong(false);
          }}
        />
        <div className="dialog-actions">
          {current !== null && (
            <button type="button" className="button danger" onClick={remove}>
              Remove
            </button>
          )}
          {known !== null && (
            <a className="button" href={known} target="_blank" rel="noopener noreferrer">
              <ExternalLink size={15} aria-hidden />
              Open
            </a>
          )}
          <span className="spring" />
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Save link
          </button>
        </div>
      </form>
    </Dialog>
  );
}
