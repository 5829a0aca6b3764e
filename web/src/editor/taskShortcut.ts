import { Extension, InputRule } from "@tiptap/core";

/** A box typed where a list item begins. */
const BOX = /^\[([ xX]?)\]\s$/;

/**
 * Tasks as Markdown spells them, `- [ ] milk`. The dash has made a bullet by the time the box is
 * typed, which the task item's own rule does not look for; and in a task the box sets it.
 */
export const TaskShortcut = Extension.create({
  name: "taskShortcut",
  addInputRules() {
    return [
      new InputRule({
        find: BOX,
        handler: ({ state, range, match, chain }) => {
          const { $from } = state.selection;
          const item = $from.depth > 1 ? $from.node(-1).type.name : "";
          const attributes = { checked: match[1]?.toLowerCase() === "x" };
          if (item === "taskItem") {
            chain().deleteRange(range).updateAttributes("taskItem", attributes).run();
          } else if (item === "listItem" && $from.index(-1) === 0) {
            chain()
              .deleteRange(range)
              .liftListItem("listItem")
              .toggleTaskList()
              .updateAttributes("taskItem", attributes)
              .run();
          }
        },
      }),
    ];
  },
});
