import { EditorContent, useEditor } from "@tiptap/react";
import { type MouseEvent, useEffect } from "react";
import type { NoteSession } from "../note/NoteSession";
import { linkAddress } from "./addresses";
import { noteExtensions } from "./extensions";
import { watchUnknownTypes } from "./schemaGuard";
import { Toolbar } from "./Toolbar";

export interface LocalContent {
  html(): string;
  text(): string;
  json(): unknown;
}

interface Props {
  readonly session: NoteSession;
  readonly editable: boolean;
  /** The document got content that this editor would delete. */
  readonly onUnknown: (names: readonly string[]) => void;
  /** The way to the text as it stands in this editor; null when it closes. */
  readonly onContent: (content: LocalContent | null) => void;
}

/** A plain click puts the caret into a link; with the Ctrl or Command key it opens it. */
function openLink(event: globalThis.MouseEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || !(event.target instanceof Element)) return false;
  const address = linkAddress(event.target.closest("a")?.getAttribute("href") ?? "");
  if (address === null) return false;
  window.open(address, "_blank", "noopener,noreferrer");
  return true;
}

export function NoteEditor({ session, editable, onUnknown, onContent }: Props) {
  const editor = useEditor(
    {
      extensions: noteExtensions(session),
      editable,
      injectCSS: false,
      shouldRerenderOnTransaction: false,
      editorProps: {
        handleClick: (_view, _position, event) => openLink(event),
        attributes: {
          class: "prose",
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": "Text of the note",
          "data-testid": "note-text",
        },
      },
    },
    [session],
  );

  useEffect(() => {
    editor.setEditable(editable, false);
  }, [editor, editable]);

  useEffect(() => {
    const fragment = session.doc.getXmlFragment("default");
    return watchUnknownTypes(session.doc, fragment, editor.schema, (names) => {
      // At once, before the binding sees the change: it would delete what it does not know.
      editor.destroy();
      onUnknown(names);
    });
  }, [editor, session, onUnknown]);

  useEffect(() => {
    onContent({
      html: () => editor.getHTML(),
      text: () => editor.getText({ blockSeparator: "\n\n" }),
      json: () => editor.getJSON(),
    });
    return () => onContent(null);
  }, [editor, onContent]);

  /** A click under the text goes to its end, in a new paragraph if a table or the like ends it. */
  const writeAtEnd = (event: MouseEvent) => {
    if (event.target !== event.currentTarget || !editor.isEditable) return;
    event.preventDefault();
    const last = editor.state.doc.lastChild;
    const end = editor.state.doc.content.size;
    if (last !== null && !last.isTextblock) {
      editor.chain().insertContentAt(end, { type: "paragraph" }).focus("end").run();
    } else editor.commands.focus("end");
  };

  return (
    <>
      {editable && <Toolbar editor={editor} />}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the mouse; keys reach the end by themselves */}
      <div className="paper" onMouseDown={writeAtEnd}>
        <EditorContent editor={editor} />
      </div>
    </>
  );
}
