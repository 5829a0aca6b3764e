import { Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { yCursorPlugin } from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import { paletteColor } from "../note/palette";
import { shownName } from "../note/presence";

interface ClaimedUser {
  readonly name?: unknown;
  readonly color?: unknown;
}

function caretElement(user: ClaimedUser, client: number): HTMLElement {
  const caret = document.createElement("span");
  caret.className = "caret";
  caret.dataset["client"] = String(client);
  caret.dataset["testid"] = "remote-caret";
  caret.style.setProperty("--caret", paletteColor(user.color, client));
  const label = document.createElement("span");
  label.className = "caret-label";
  label.textContent = shownName(user.name);
  // Word joiners: without text beside it, some browsers put the caret on a line of its own.
  caret.append("\u2060", label, "\u2060");
  return caret;
}

/** Carets are drawn once for each client, so a new name or colour has to be put in later. */
function relabel(root: HTMLElement, awareness: Awareness, clients: readonly number[]): void {
  for (const client of clients) {
    const caret = root.querySelector<HTMLElement>(`.caret[data-client="${client}"]`);
    const user = awareness.getStates().get(client)?.["user"] as ClaimedUser | undefined;
    if (caret === null || user === undefined) continue;
    caret.style.setProperty("--caret", paletteColor(user.color, client));
    const label = caret.querySelector(".caret-label");
    const name = shownName(user.name);
    if (label !== null && label.textContent !== name) label.textContent = name;
  }
}

/** The carets and selections of others, from what their awareness claims. */
export const Carets = Extension.create<{ awareness: Awareness | null }>({
  name: "carets",
  priority: 999,

  addOptions() {
    return { awareness: null };
  },

  addProseMirrorPlugins() {
    const { awareness } = this.options;
    if (awareness === null) throw new Error("Carets need an awareness");
    const labels = new Plugin({
      view: (view) => {
        const onChange = ({ updated }: { updated: number[] }) =>
          relabel(view.dom, awareness, updated);
        awareness.on("change", onChange);
        return { destroy: () => awareness.off("change", onChange) };
      },
    });
    const cursors: Plugin = yCursorPlugin(awareness, {
      cursorBuilder: caretElement,
      selectionBuilder: (user: ClaimedUser, client) => ({
        class: "caret-selection",
        style: `--caret: ${paletteColor(user.color, client)}`,
      }),
    });
    return [cursors, labels];
  },
});
