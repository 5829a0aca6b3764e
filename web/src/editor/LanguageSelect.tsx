import type { Editor } from "@tiptap/core";
import { LANGUAGES } from "./languages";

interface Props {
  readonly editor: Editor;
  /** Empty for plain text. */
  readonly language: string;
}

/** The language of the code block that holds the selection. */
export function LanguageSelect({ editor, language }: Props) {
  const known = language === "" || LANGUAGES.some(([id]) => id === language);
  return (
    <select
      className="tool-select"
      aria-label="Language of the code block"
      value={language}
      onChange={(event) => {
        const chosen = event.target.value === "" ? null : event.target.value;
        editor.chain().focus().updateAttributes("codeBlock", { language: chosen }).run();
      }}
    >
      <option value="">Plain text</option>
      {LANGUAGES.map(([id, label]) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
      {!known && <option value={language}>{language}</option>}
    </select>
  );
}
