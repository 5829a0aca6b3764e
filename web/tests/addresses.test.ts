import { describe, expect, test } from "vitest";
import { problemError, requestError } from "../src/api/problems";
import { notePath, parseRoute } from "../src/app/routes";
import { imageAddress, linkAddress } from "../src/editor/addresses";
import { fileName } from "../src/note/localExport";
import { parseLocalNotes, withNote } from "../src/note/localNotes";
import { placeBox } from "../src/ui/place";
import { ariaShortcut, shortcutText } from "../src/ui/shortcuts";

describe("routes", () => {
  test.each([
    ["/", { page: "list" }],
    ["/notes", { page: "list" }],
    ["/notes/", { page: "list" }],
    ["/notes/abc", { page: "note", id: "abc" }],
    ["/notes/team/plan:2", { page: "note", id: "team/plan:2" }],
    ["/notes/team%2Fplan%3A2", { page: "note", id: "team/plan:2" }],
    ["/notes/a%2520b", { page: "note", id: "a%20b" }],
    ["/notes/%E0%A4%A", { page: "missing" }],
    ["/other", { page: "missing" }],
  ])("[WB11] %s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test.each(["abc", "team/plan:2", "a~b@c-d._", "100%"])("[WB11] the address of %s", (id) => {
    expect(parseRoute(notePath(id))).toEqual({ page: "note", id });
  });
});

describe("addresses typed into dialogs", () => {
  test.each([
    ["https://example.org/a?b#c", "https://example.org/a?b#c"],
    ["example.org", "https://example.org"],
    ["localhost:8000/x", "https://localhost:8000/x"],
    ["mailto:a@example.org", "mailto:a@example.org"],
    ["a@example.org", "mailto:a@example.org"],
    ["tel:+49301234", "tel:+49301234"],
    ["/notes/abc", "/notes/abc"],
    ["#top", "#top"],
  ])("[WB14] %s is a link", (typed, address) => {
    expect(linkAddress(typed)).toBe(address);
  });

  test.each([
    "javascript:alert(1)",
    " JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "two words",
    "",
    "https://",
  ])("[WB14] %j is none", (typed) => {
    expect(linkAddress(typed)).toBeNull();
  });

  test("[WB14] pictures are https", () => {
    expect(imageAddress("https://example.org/a.png")).toBe("https://example.org/a.png");
    expect(imageAddress("example.org/a.png")).toBe("https://example.org/a.png");
    for (const bad of [
      "http://example.org/a.png",
      "data:image/png;base64,x",
      "javascript:1",
      "x",
    ]) {
      expect(imageAddress(bad)).toBeNull();
    }
  });
});

describe("errors", () => {
  test("a problem's detail is what a person reads", () => {
    const error = problemError(413, { title: "Too large", detail: "Over 64 MiB." });
    expect(error).toMatchObject({ status: 413, message: "Over 64 MiB.", transient: false });
    expect(problemError(502, "<html>")).toMatchObject({ transient: true });
    expect(problemError(404, { title: "No such document" }).message).toBe("No such document");
  });

  test("a failed fetch is an unreachable server; an abort stays an abort", () => {
    expect(requestError(new TypeError("x"))).toMatchObject({ status: 0, transient: true });
    const abort = new DOMException("stop", "AbortError");
    expect(requestError(abort)).toBe(abort);
  });
});

describe("notes on this device", () => {
  test("the oldest fall off, but none with unsaved edits", () => {
    let notes = withNote([], "unsaved", { opened: 1, unsaved: true });
    notes = withNote(notes, "draft", { opened: 2, draft: "x" });
    for (let at = 0; at < 80; at += 1) notes = withNote(notes, `note${at}`, { opened: 100 + at });
    expect(notes.map(({ id }) => id)).toContain("unsaved");
    expect(notes.map(({ id }) => id)).toContain("draft");
    expect(notes).toHaveLength(52);
    expect(notes[0]?.id).toBe("note79");
  });

  test("what is stored is checked", () => {
    expect(parseLocalNotes("{")).toEqual([]);
    expect(parseLocalNotes('[{"id":1}, null, 3]')).toEqual([]);
    const stored = JSON.stringify(withNote([], "a", { title: "A" }));
    expect(parseLocalNotes(stored)).toHaveLength(1);
  });
});

describe("small parts of the interface", () => {
  test("shortcuts are written as the keyboard names them", () => {
    expect(shortcutText("Mod+Shift+S", false)).toBe("Ctrl+Shift+S");
    expect(shortcutText("Mod+Alt+1", true)).toBe("⌥⌘1");
    expect(ariaShortcut("Mod+B", false)).toBe("Control+B");
  });

  test("floating boxes stay inside the window", () => {
    const view = { width: 360, height: 640 };
    const size = { width: 200, height: 100 };
    const low = { left: 300, right: 340, top: 600, bottom: 630 };
    expect(placeBox(low, size, view, "start")).toEqual({ left: 152, top: 494 });
    const left = { left: 0, right: 30, top: 0, bottom: 30 };
    expect(placeBox(left, size, view, "center")).toEqual({ left: 8, top: 36 });
  });

  test("file names hold nothing that a file system minds", () => {
    expect(fileName("Plan: a/b\\c?", "md")).toBe("Plan a b c.md");
    expect(fileName("..", "md")).toBe("note.md");
    expect(fileName("Größe 漢字", "txt")).toBe("Größe 漢字.txt");
  });
});
