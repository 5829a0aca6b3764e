import { useEffect, useLayoutEffect, useRef } from "react";
import { TITLE_LENGTH } from "../api/documents";
import { takeFresh } from "../app/router";
import { useStore } from "../app/useStore";
import type { NoteSession } from "./NoteSession";

interface Props {
  readonly session: NoteSession;
  readonly disabled: boolean;
}

/** The title: one line of text that may wrap on the page. Enter goes on to the text. */
export function TitleField({ session, disabled }: Props) {
  const { title, problem } = useStore(session.title.state);
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    document.title = title.trim() === "" ? "Untitled" : title;
  }, [title]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const grow = () => {
      if (field.current === null) return;
      field.current.style.height = "auto";
      field.current.style.height = `${field.current.scrollHeight}px`;
    };
    grow();
    window.addEventListener("resize", grow);
    return () => window.removeEventListener("resize", grow);
  }, [title]);

  useEffect(() => {
    if (takeFresh()) field.current?.focus();
  }, []);

  return (
    <div className="title-field">
      <h1>
        <textarea
          ref={field}
          rows={1}
          value={title}
          placeholder="Untitled"
          aria-label="Title"
          aria-invalid={problem !== null}
          data-testid="note-title"
          maxLength={TITLE_LENGTH}
          spellCheck
          readOnly={disabled}
          onChange={(event) => session.title.type(event.target.value.replace(/[\r\n]+/g, " "))}
          onBlur={() => session.title.flush()}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
            event.preventDefault();
            document.querySelector<HTMLElement>("[data-testid=note-text]")?.focus();
          }}
        />
      </h1>
      {problem !== null && (
        <p className="field-problem" role="alert">
          The title is not saved. {problem}
        </p>
      )}
    </div>
  );
}
