import type { Editor } from "@tiptap/core";
import { type FormEvent, useId, useState } from "react";
import { Dialog } from "../ui/Dialog";
import { AddressField } from "./AddressField";
import { imageAddress } from "./addresses";

interface Props {
  readonly editor: Editor;
  readonly onClose: () => void;
}

/** Put a picture from the web into the note. */
export function ImageDialog({ editor, onClose }: Props) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [alt, setAlt] = useState("");
  const [wrong, setWrong] = useState(false);

  const close = () => {
    onClose();
    editor.commands.focus();
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const src = imageAddress(typed);
    if (src === null) {
      setWrong(true);
      return;
    }
    editor
      .chain()
      .focus()
      .setImage(alt.trim() === "" ? { src } : { src, alt: alt.trim() })
      .run();
    onClose();
  };

  return (
    <Dialog title="Add a picture" onClose={close} testId="image-dialog">
      <form onSubmit={submit} noValidate>
        <AddressField
          id={id}
          label="Address of the picture"
          value={typed}
          problem={wrong ? "The address has to start with https://." : null}
          onChange={(address) => {
            setTyped(address);
            setWrong(false);
          }}
        />
        <label htmlFor={`${id}-alt`}>What it shows</label>
        <input
          id={`${id}-alt`}
          type="text"
          placeholder="For those who cannot see it"
          value={alt}
          onChange={(event) => setAlt(event.target.value)}
        />
        <div className="dialog-actions">
          <span className="spring" />
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Add picture
          </button>
        </div>
      </form>
    </Dialog>
  );
}
