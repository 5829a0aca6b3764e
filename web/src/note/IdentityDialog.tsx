import { type FormEvent, useId, useState } from "react";
import { Dialog } from "../ui/Dialog";
import type { NoteSession } from "./NoteSession";
import { PALETTE } from "./palette";
import { shownName } from "./presence";

interface Props {
  readonly session: NoteSession;
  readonly onClose: () => void;
}

/** How one appears to others. */
export function IdentityDialog({ session, onClose }: Props) {
  const id = useId();
  const current = session.identity.get();
  const signed = current.signed === true;
  const [name, setName] = useState(current.name);
  const [color, setColor] = useState(current.color);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    session.rename({ name: shownName(name), color, chosen: true, signed });
    onClose();
  };

  return (
    <Dialog title="How others see you" onClose={onClose} testId="identity-dialog">
      <form onSubmit={submit}>
        <label htmlFor={id}>Your name</label>
        <input
          id={id}
          type="text"
          required
          maxLength={40}
          readOnly={signed}
          autoComplete="nickname"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <fieldset className="swatches">
          <legend>Your colour</legend>
          {PALETTE.map((choice, index) => (
            <label key={choice} style={{ background: choice }}>
              <input
                type="radio"
                name={`${id}-color`}
                aria-label={`Colour ${index + 1}`}
                checked={choice === color}
                onChange={() => setColor(choice)}
              />
            </label>
          ))}
        </fieldset>
        <p className="dialog-note">
          {signed ? "Your name is the one that you signed in with." : "Remembered in this browser."}
        </p>
        <div className="dialog-actions">
          <span className="spring" />
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
