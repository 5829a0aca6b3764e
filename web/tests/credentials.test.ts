import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

type Module = typeof import("../src/app/credentials");

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

describe("credentials", () => {
  const replaced: string[] = [];

  /** A page opened at this address; what it remembers lasts over visits. */
  const visit = async (pathname: string, hash: string): Promise<Module> => {
    vi.resetModules();
    vi.stubGlobal("location", { pathname, hash, search: "" });
    const module = await import("../src/app/credentials");
    module.takeCredentials();
    return module;
  };

  beforeEach(() => {
    replaced.length = 0;
    vi.stubGlobal("localStorage", storage());
    vi.stubGlobal("sessionStorage", storage());
    vi.stubGlobal("history", {
      state: null,
      replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url),
    });
  });

  afterEach(() => vi.unstubAllGlobals());

  test("[WB23] a link is taken out of the address and kept for its note alone", async () => {
    const first = await visit("/notes/team/plan", "#link=secret");
    expect(replaced).toEqual(["/notes/team/plan"]);
    expect(first.authorization("team/plan")).toEqual({ Authorization: "Bearer secret" });
    expect(first.authorization("other")).toEqual({});
    expect(first.authorization(null)).toEqual({});
    const again = await visit("/notes/team/plan", "");
    expect(again.credentialParams("team/plan")).toEqual({ link: "secret" });
    expect(replaced).toHaveLength(1);
  });

  test("[WB23] a token goes before a link, which goes along where it can", async () => {
    await visit("/notes/plan", "#link=secret");
    const signed = await visit("/", "#token=a.b.c");
    expect(replaced).toEqual(["/notes/plan", "/"]);
    expect(signed.authorization(null)).toEqual({ Authorization: "Bearer a.b.c" });
    const both = { Authorization: "Bearer a.b.c", "Collab-Link": "secret" };
    expect(signed.authorization("plan")).toEqual(both);
    expect(signed.credentialParams("plan")).toEqual({ token: "a.b.c", link: "secret" });
    expect((await visit("/", "")).credentialsFor(null).token).toBe("a.b.c");
  });

  test("a place within a note is no credential", async () => {
    const page = await visit("/notes/plan", "#part-two");
    expect(replaced).toEqual([]);
    expect(page.credentialParams("plan")).toEqual({});
  });

  test("storage that is blocked keeps a token as long as the page", async () => {
    const blocked = () => {
      throw new Error("blocked");
    };
    vi.stubGlobal("sessionStorage", { getItem: blocked, setItem: blocked });
    const page = await visit("/", "#token=t");
    expect(page.credentialParams("plan")).toEqual({ token: "t" });
  });
});
