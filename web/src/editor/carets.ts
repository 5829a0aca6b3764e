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

/** The name is an attribute, shown by the style sheet: it is no text of the note. */
function dress(caret: HTMLElement, user: ClaimedUser, client: number): void {
  caret.style.setProperty("--caret", paletteColor(user.color, client));
  caret.dataset["name"] = shownName(user.name);
}

function caretElement(user: ClaimedUser, client: number): HTMLElement {
  const caret = document.createElement("span");
  caret.className = "caret";
  caret.dataset["client"] = String(client);
  caret.dataset["testid"] = "remote-caret";
  dress(caret, user, client);
  // A word joiner: an empty element may break the line, or trap the caret of the keyboard.
  caret.append("\u2060");
  return caret;
}

/** Carets are drawn once for each client, so what changes later has to be put in. */
function refresh(root: HTMLElement, awareness: Awareness, clients: readonly number[]): void {
  for (const client of clients) {
    const caret = root.querySelector<HTMLElement>(`.caret[data-client="${client}"]`);
    const user = awareness.getStates().get(client)?.["user"] as ClaimedUser | undefined;
    if (caret === null || user === undefined) continue;
    dress(caret, user, client);
    // The name shows anew whenever the caret moves, and folds up when it rests.
    for (const folding of caret.getAnimations({ subtree: true })) {
      folding.cancel();
      folding.play();
    }
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
          refresh(view.dom, awareness, updated);
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
