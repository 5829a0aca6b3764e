import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";

/** A piece of code of one kind; offsets in UTF-16 units from the start of the code. */
export interface Token {
  readonly from: number;
  readonly to: number;
  readonly classes: string;
}

export type Highlight = (language: string, code: string) => readonly Token[];

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  markdown,
  php,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});

type Tree = ReturnType<typeof lowlight.highlight>;
type TreeNode = Tree["children"][number];

export const highlight: Highlight = (language, code) => {
  if (!lowlight.registered(language)) return [];
  const tokens: Token[] = [];
  let offset = 0;
  const walk = (node: TreeNode, classes: string) => {
    if (node.type === "text") {
      if (classes !== "") tokens.push({ from: offset, to: offset + node.value.length, classes });
      offset += node.value.length;
    } else if (node.type === "element") {
      const own = node.properties["className"];
      const inner = Array.isArray(own) ? [classes, ...own].join(" ").trim() : classes;
      for (const child of node.children) walk(child, inner);
    }
  };
  for (const node of lowlight.highlight(language, code).children) walk(node, "");
  return tokens;
};
