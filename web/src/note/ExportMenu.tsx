import { Braces, ClipboardCopy, Download, FileCode, FileText, FileType } from "lucide-react";
import { readContent } from "../api/documents";
import { errorText } from "../api/problems";
import type { LocalContent } from "../editor/NoteEditor";
import { Menu, type MenuItem } from "../ui/Menu";
import { showToast } from "../ui/toasts";
import { exportLocal, saveExport, type TextFormat } from "./localExport";
import type { NoteSession } from "./NoteSession";

const SAVE_MS = 4_000;

interface Props {
  readonly session: NoteSession;
  readonly content: () => LocalContent | null;
}

const FILES = [
  ["markdown", "Markdown", <FileCode key="i" size={16} />],
  ["html", "Web page", <FileType key="i" size={16} />],
  ["text", "Plain text", <FileText key="i" size={16} />],
  ["json", "JSON", <Braces key="i" size={16} />],
] as const;

/** Downloads come from the server, once it has all edits; without it, from this device. */
export function ExportMenu({ session, content }: Props) {
  const download = async (format: TextFormat) => {
    if (await session.whenSaved(SAVE_MS)) {
      // Not by an address that the browser would go to: that could show no credentials.
      const text = await readContent(session.id, format);
      saveExport(session.title.state.get().title, format, text);
      return;
    }
    await exportLocal(session, content(), format);
    showToast("The server does not have every edit: the file was made from this device’s copy.");
  };

  const copy = async () => {
    if (!(await session.whenSaved(SAVE_MS))) {
      throw new Error("The latest edits are not saved yet.");
    }
    await navigator.clipboard.writeText(await readContent(session.id, "markdown"));
    showToast("Markdown copied");
  };

  const attempt = (work: () => Promise<void>) => () => {
    work().catch((error: unknown) => showToast(errorText(error), { tone: "error" }));
  };

  const items: MenuItem[] = FILES.map(([format, label, icon]) => ({
    label,
    icon,
    hint: { markdown: ".md", html: ".html", text: ".txt", json: ".json" }[format],
    run: attempt(() => download(format)),
  }));

  return (
    <Menu
      label="Export"
      tooltip="Export"
      className="icon-button"
      align="end"
      testId="export-menu"
      items={[
        ...items,
        {
          label: "Copy as Markdown",
          icon: <ClipboardCopy size={16} />,
          separated: true,
          run: attempt(copy),
        },
      ]}
    >
      <Download size={18} aria-hidden />
    </Menu>
  );
}
