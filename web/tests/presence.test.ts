import { describe, expect, test } from "vitest";
import { guestIdentity, parseIdentity } from "../src/note/identity";
import { PALETTE, paletteColor } from "../src/note/palette";
import { freeColor, initials, peersFrom, samePeers, shownName } from "../src/note/presence";
import { titleSignature } from "../src/note/titleSignal";

const states = (entries: Record<number, Record<string, unknown>>) =>
  new Map(Object.entries(entries).map(([client, state]) => [Number(client), state]));

describe("peers", () => {
  test("oneself comes first, the others by client id", () => {
    const peers = peersFrom(
      states({
        30: { user: { name: "Cleo", color: PALETTE[2] } },
        7: { user: { name: "Bo", color: PALETTE[1] } },
        12: { user: { name: "Ada", color: PALETTE[0] } },
      }),
      12,
    );
    expect(peers.map(({ name, self }) => [name, self])).toEqual([
      ["Ada", true],
      ["Bo", false],
      ["Cleo", false],
    ]);
  });

  test("[WB10] states without a user show nobody", () => {
    expect(peersFrom(states({ 1: {}, 2: { user: null }, 3: { user: "x" } }), 9)).toEqual([]);
  });

  test("[WB10] claims are made fit to show", () => {
    const [peer] = peersFrom(states({ 5: { user: { name: 42, color: "url(//x)" } } }), 9);
    expect(peer).toEqual({ client: 5, name: "Guest", color: PALETTE[5], self: false });
    expect(shownName("  two\n lines ")).toBe("two lines");
    expect([...shownName("🦦".repeat(99))]).toHaveLength(40);
    expect(shownName("   ")).toBe("Guest");
  });

  test("[WB10] only colours of the palette are taken", () => {
    expect(paletteColor(PALETTE[3], 0)).toBe(PALETTE[3]);
    expect(paletteColor("#ffffff", 11)).toBe(PALETTE[1]);
    expect(paletteColor(undefined, 4_294_967_295)).toBe(PALETTE[5]);
  });

  test("of two with one colour, the later client takes one that is free", () => {
    const shared = { user: { name: "x", color: PALETTE[0] } };
    const other = { user: { name: "y", color: PALETTE[1] } };
    const all = states({ 1: shared, 2: shared, 3: other });
    expect(freeColor(peersFrom(all, 2))).toBe(PALETTE[2]);
    expect(freeColor(peersFrom(all, 1))).toBeNull();
    expect(freeColor(peersFrom(all, 3))).toBeNull();
    const full = Object.fromEntries(
      [...PALETTE, PALETTE[0]].map((color, at) => [at, { user: { name: "z", color } }]),
    );
    expect(freeColor(peersFrom(states(full), 10))).toBeNull();
  });

  test("initials", () => {
    expect(initials("Ada Lovelace")).toBe("AL");
    expect(initials("Guest Sea Otter")).toBe("GO");
    expect(initials("éa")).toBe("É");
    expect(initials("")).toBe("?");
  });

  test("a caret that moves is no change of peers", () => {
    const before = peersFrom(states({ 1: { user: { name: "A" }, cursor: 1 } }), 1);
    const moved = peersFrom(states({ 1: { user: { name: "A" }, cursor: 2 } }), 1);
    const renamed = peersFrom(states({ 1: { user: { name: "B" }, cursor: 2 } }), 1);
    expect(samePeers(before, moved)).toBe(true);
    expect(samePeers(before, renamed)).toBe(false);
    expect(samePeers(before, [])).toBe(false);
  });

  test("[WB9] the title signal sees the edits of others only, in any order", () => {
    const some = states({ 1: { titleEdits: 5 }, 2: { titleEdits: 1 }, 3: {} });
    const turned = new Map([...some].reverse());
    expect(titleSignature(some, 1)).toBe(titleSignature(turned, 1));
    expect(titleSignature(some, 1)).not.toBe(titleSignature(some, 2));
    expect(titleSignature(states({ 1: { titleEdits: 6 } }), 1)).toBe("");
    expect(titleSignature(states({ 2: { titleEdits: "x" } }), 1)).toBe("");
  });
});

describe("palette", () => {
  const luminance = (color: string): number => {
    const part = (at: number) => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  };
  const contrast = (a: string, b: string): number => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (light + 0.05) / (dark + 0.05);
  };

  test.each(PALETTE)("[WB10] %s is legible in both themes", (color) => {
    expect(contrast(color, "#ffffff")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(color, "#1d1e22")).toBeGreaterThanOrEqual(3);
  });
});

describe("identity", () => {
  test("a guest gets a friendly name and a colour of the palette", () => {
    for (const random of [0, 0.5, 0.999]) {
      const guest = guestIdentity(() => random);
      expect(guest.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
      expect(PALETTE).toContain(guest.color);
    }
  });

  test("what a browser remembered is checked", () => {
    const good = JSON.stringify({ name: " Ada ", color: PALETTE[0] });
    expect(parseIdentity(good)).toEqual({ name: "Ada", color: PALETTE[0], chosen: false });
    for (const bad of [
      null,
      "",
      "{",
      "null",
      "[]",
      '{"name":"Ada","color":"red"}',
      '{"name":""}',
    ]) {
      expect(parseIdentity(bad)).toBeNull();
    }
  });
});
