import type { ChainedCommands, Editor } from "@tiptap/core";
import {
  BetweenHorizontalEnd,
  BetweenHorizontalStart,
  BetweenVerticalEnd,
  BetweenVerticalStart,
  Columns3,
  PanelTop,
  Rows3,
  Table,
  Trash2,
} from "lucide-react";
import type { ReactNode } from "react";
import { Menu, type MenuItem } from "../ui/Menu";

interface Props {
  readonly editor: Editor;
  readonly inTable: boolean;
}

export function TableMenu({ editor, inTable }: Props) {
  const item = (
    label: string,
    icon: ReactNode,
    command: (chain: ChainedCommands) => ChainedCommands,
    more: Partial<MenuItem> = {},
  ): MenuItem => ({ label, icon, run: () => command(editor.chain().focus()).run(), ...more });

  const insert = [
    item("Insert a table", <Table size={16} />, (chain) =>
      chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }),
    ),
  ];
  const change = [
    item("Row above", <BetweenHorizontalEnd size={16} />, (chain) => chain.addRowBefore()),
    item("Row below", <BetweenHorizontalStart size={16} />, (chain) => chain.addRowAfter()),
    item("Column left", <BetweenVerticalEnd size={16} />, (chain) => chain.addColumnBefore()),
    item("Column right", <BetweenVerticalStart size={16} />, (chain) => chain.addColumnAfter()),
    item("Header row", <PanelTop size={16} />, (chain) => chain.toggleHeaderRow(), {
      separated: true,
    }),
    item("Delete row", <Rows3 size={16} />, (chain) => chain.deleteRow(), { separated: true }),
    item("Delete column", <Columns3 size={16} />, (chain) => chain.deleteColumn()),
    item("Delete table", <Trash2 size={16} />, (chain) => chain.deleteTable(), { danger: true }),
  ];

  return (
    <Menu
      label="Table"
      tooltip="Table"
      className={inTable ? "tool tool-on" : "tool"}
      items={inTable ? change : insert}
    >
      <Table size={17} aria-hidden />
    </Menu>
  );
}
