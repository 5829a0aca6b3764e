import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const WEB = resolve(import.meta.dirname, "..");
const STATIC_IMPORT = /^(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"/gm;

/** Packages that a module brings in by static imports, through all modules of the app. */
function packagesOf(entry: string): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const open = [join(WEB, entry)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(file, "utf8").replace(/^(?:import|export) type .*$/gm, "");
    for (const [, target = ""] of text.matchAll(STATIC_IMPORT)) {
      if (target.endsWith(".css")) continue;
      if (target.startsWith(".")) open.push(moduleFile(resolve(dirname(file), target)));
      else packages.add(target);
    }
  }
  return packages;
}

function moduleFile(path: string): string {
  const names = readdirSync(dirname(path));
  const extension = ["ts", "tsx"].find((ending) =>
    names.includes(`${path.split("/").pop()}.${ending}`),
  );
  if (extension === undefined) throw new Error(`no module at ${path}`);
  return `${path}.${extension}`;
}

const HEAVY = /^(@tiptap|yjs|y-|lib0|lowlight|highlight\.js)/;

test("[WB15] the list needs neither the editor nor the CRDT", () => {
  const packages = packagesOf("src/main.tsx");
  expect(packages).toContain("react-dom/client");
  expect([...packages].filter((name) => HEAVY.test(name))).toEqual([]);
});

test("the same look at the page of a note does find them", () => {
  const packages = packagesOf("src/note/NotePage.tsx");
  expect([...packages]).toEqual(expect.arrayContaining(["yjs", "y-websocket", "@tiptap/react"]));
});

test("[WB16] the page has no inline script and names no other host", () => {
  const page = readFileSync(join(WEB, "index.html"), "utf8");
  for (const [, attributes = "", body = ""] of page.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
    expect(attributes).toContain("src=");
    expect(body).toBe("");
  }
  expect(page).not.toMatch(/https?:|\son[a-z]+=|<style/);
  const styles = join(WEB, "src/styles");
  for (const name of readdirSync(styles)) {
    expect(readFileSync(join(styles, name), "utf8")).not.toMatch(/@import|url\(|https?:/);
  }
});
