import { Extension } from "@tiptap/core";
import type { Node } from "@tiptap/pm/model";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet, type EditorView } from "@tiptap/pm/view";
import type { Highlight, Token } from "./highlighter";

const key = new PluginKey<DecorationSet>("codeHighlight");
const CACHED = 100;
/** Longer blocks stay plain: colours are not worth a stutter while typing. */
const LONGEST = 50_000;

class Highlighter {
  private highlight: Highlight | null = null;
  private loading = false;
  private readonly cache = new Map<string, readonly Token[]>();

  /** Load the languages when a first code block names one. */
  load(loaded: () => void): void {
    if (this.loading) return;
    this.loading = true;
    import("./highlighter").then(
      (module) => {
        this.highlight = module.highlight;
        loaded();
      },
      () => {
        this.loading = false; // Code stays plain until the next edit tries again.
      },
    );
  }

  decorations(doc: Node): DecorationSet {
    if (this.highlight === null) return DecorationSet.empty;
    const decorations: Decoration[] = [];
    doc.descendants((node, position) => {
      for (const { from, to, classes } of this.tokens(node)) {
        const start = position + 1;
        decorations.push(Decoration.inline(start + from, start + to, { class: classes }));
      }
      return !node.isTextblock;
    });
    return DecorationSet.create(doc, decorations);
  }

  private tokens(node: Node): readonly Token[] {
    const language = codeLanguage(node);
    const text = node.textContent;
    if (language === null || this.highlight === null || text.length > LONGEST) return [];
    const name = `${language}\n${text}`;
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    const tokens = this.highlight(language, text);
    const oldest = this.cache.keys().next();
    if (this.cache.size >= CACHED && !oldest.done) this.cache.delete(oldest.value);
    this.cache.set(name, tokens);
    return tokens;
  }
}

function codeLanguage(node: Node): string | null {
  const language: unknown = node.type.name === "codeBlock" ? node.attrs["language"] : null;
  return typeof language === "string" && language !== "" ? language : null;
}

function namesLanguage(doc: Node): boolean {
  let found = false;
  doc.descendants((node) => {
    found ||= codeLanguage(node) !== null;
    return !found && !node.isTextblock;
  });
  return found;
}

/** Colours in code blocks. Decorations only: nothing of it gets into the document. */
export const CodeHighlight = Extension.create({
  name: "codeHighlight",

  addProseMirrorPlugins() {
    const highlighter = new Highlighter();
    const loadFor = (view: EditorView) => {
      if (!namesLanguage(view.state.doc)) return;
      highlighter.load(() => {
        if (!view.isDestroyed) view.dispatch(view.state.tr.setMeta(key, true));
      });
    };
    return [
      new Plugin<DecorationSet>({
        key,
        state: {
          init: (_config, state) => highlighter.decorations(state.doc),
          apply: (transaction, current, _before, state) =>
            transaction.docChanged || transaction.getMeta(key) === true
              ? highlighter.decorations(state.doc)
              : current,
        },
        props: { decorations: (state) => key.getState(state) },
        view: (view) => {
          loadFor(view);
          return {
            update: (updated, before) => {
              if (updated.state.doc !== before.doc) loadFor(updated);
            },
          };
        },
      }),
    ];
  },
});
