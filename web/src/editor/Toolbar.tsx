import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { ChevronDown, ImagePlus, Link as LinkIcon } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Menu } from "../ui/Menu";
import { shortcutText } from "../ui/shortcuts";
import { BLOCKS, type EditorCommand, HISTORY, MARKS, TEXT_STYLES } from "./commands";
import { ImageDialog } from "./ImageDialog";
import { LanguageSelect } from "./LanguageSelect";
import { LinkDialog } from "./LinkDialog";
import { TableMenu } from "./TableMenu";
import { ToolButton } from "./ToolButton";
import { sameToolbar, toolbarState } from "./toolbarState";

const TOOLS = ".tool, .tool-select";

export function Toolbar({ editor }: { readonly editor: Editor }) {
  const state = useEditorState({
    editor,
    selector: ({ editor: current }) => toolbarState(current),
    equalityFn: sameToolbar,
  });
  const [dialog, setDialog] = useState<"link" | "image" | null>(null);
  const bar = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setDialog("link");
    };
    const { dom } = editor.view;
    dom.addEventListener("keydown", onKeyDown);
    return () => dom.removeEventListener("keydown", onKeyDown);
  }, [editor]);

  useEffect(() => {
    const tools = bar.current;
    if (tools === null) return;
    // One stop for the Tab key; arrows go on from there.
    const rove = (current: Element | null) => {
      for (const tool of tools.querySelectorAll<HTMLElement>(TOOLS)) {
        tool.tabIndex = tool === current ? 0 : -1;
      }
    };
    const onFocus = ({ target }: FocusEvent) => {
      if (target instanceof Element && target.matches(TOOLS)) rove(target);
    };
    rove(tools.querySelector(".tool-wide"));
    tools.addEventListener("focusin", onFocus);
    return () => tools.removeEventListener("focusin", onFocus);
  }, []);

  const active = new Set(state.active.split(" "));
  const disabled = new Set(state.disabled.split(" "));
  const style = TEXT_STYLES.findLast((command) => active.has(command.id));

  const button = (command: EditorCommand) => (
    <ToolButton
      key={command.id}
      label={command.label}
      icon={command.icon}
      shortcut={command.shortcut}
      pressed={command.active === null ? undefined : active.has(command.id)}
      disabled={disabled.has(command.id)}
      onClick={() => command.run(editor.chain().focus()).run()}
    />
  );

  return (
    <>
      <div
        ref={bar}
        className="toolbar"
        role="toolbar"
        aria-label="Formatting"
        aria-orientation="horizontal"
        onKeyDown={(event) => moveFocus(event, bar.current)}
      >
        <div className="tool-group">{HISTORY.map(button)}</div>
        <Menu
          label="Text style"
          className="tool tool-wide"
          tooltip="Text style"
          items={TEXT_STYLES.map((command) => ({
            label: command.label,
            icon: <command.icon size={16} />,
            checked: command === style,
            disabled: disabled.has(command.id),
            ...(command.shortcut !== null && { hint: shortcutText(command.shortcut) }),
            run: () => command.run(editor.chain().focus()).run(),
          }))}
        >
          <span>{style?.label ?? "Style"}</span>
          <ChevronDown size={14} aria-hidden />
        </Menu>
        <div className="tool-group">
          {MARKS.map(button)}
          <ToolButton
            label="Link"
            icon={LinkIcon}
            shortcut="Mod+K"
            pressed={state.link !== null}
            onClick={() => setDialog("link")}
          />
        </div>
        <div className="tool-group">{BLOCKS.map(button)}</div>
        <div className="tool-group">
          <TableMenu editor={editor} inTable={state.inTable} />
          <ToolButton label="Picture" icon={ImagePlus} onClick={() => setDialog("image")} />
        </div>
        {state.language !== null && <LanguageSelect editor={editor} language={state.language} />}
      </div>
      {dialog === "link" && (
        <LinkDialog editor={editor} current={state.link} onClose={() => setDialog(null)} />
      )}
      {dialog === "image" && <ImageDialog editor={editor} onClose={() => setDialog(null)} />}
    </>
  );
}

/** Arrow keys go from tool to tool, as in any toolbar. */
function moveFocus(event: KeyboardEvent, bar: HTMLElement | null): void {
  if (bar === null || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  if (!(event.target instanceof HTMLElement) || !event.target.matches(".tool")) return;
  const tools = [...bar.querySelectorAll<HTMLElement>(TOOLS)].filter(
    (tool) => !tool.matches(":disabled"),
  );
  const at = tools.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tools.length - 1 }[event.key];
  event.preventDefault();
  tools[((to ?? 0) + tools.length) % tools.length]?.focus();
}
