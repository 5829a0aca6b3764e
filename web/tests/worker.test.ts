import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

interface FakeFetch {
  readonly request: { readonly url: string; readonly method: string; readonly mode: string };
  readonly respondWith: (answer: Promise<Response>) => void;
}

const HOST = "https://notes.test";
const listeners = new Map<string, (event: FakeFetch) => void>();
let online = true;

/** What the worker answers with: the body, or null where it leaves the request alone. */
async function answer(path: string, mode = "cors", method = "GET"): Promise<string | null> {
  let given: Promise<Response> | null = null;
  const url = path.startsWith("http") ? path : HOST + path;
  listeners.get("fetch")?.({
    request: { url, method, mode },
    respondWith: (response) => {
      given = response;
    },
  });
  const response = await (given as Promise<Response> | null);
  return response === null ? null : await response.text();
}

describe("the service worker", () => {
  beforeAll(async () => {
    vi.stubGlobal("__FILES__", ["/assets/index-1.js", "/theme.js"]);
    vi.stubGlobal("__BUILD__", "1");
    vi.stubGlobal("self", {
      addEventListener: (type: string, listener: (event: FakeFetch) => void) =>
        listeners.set(type, listener),
      location: { origin: HOST },
    });
    vi.stubGlobal("caches", {
      match: (request: string | { url: string }) =>
        Promise.resolve(
          new Response(
            `kept ${typeof request === "string" ? request : new URL(request.url).pathname}`,
          ),
        ),
    });
    vi.stubGlobal("fetch", ({ url }: { url: string }) =>
      online
        ? Promise.resolve(new Response(`served ${new URL(url).pathname}`))
        : Promise.reject(new TypeError("away")),
    );
    // Not named in the import: the worker's types are those of another global scope.
    const worker = new URL("../src/offline/worker.ts", import.meta.url).pathname;
    await import(/* @vite-ignore */ worker);
  });

  afterAll(() => {
    vi.unstubAllGlobals();
  });

  test.each([
    ["/api/documents", "cors"],
    ["/api/documents/a/content?format=html", "navigate"],
    ["/ws/a", "websocket"],
    ["/healthz", "cors"],
    ["https://other.test/assets/index-1.js", "no-cors"],
  ])("[WB20] leaves %s alone", async (path, mode) => {
    expect(await answer(path, mode)).toBeNull();
  });

  test("[WB20] answers reads only", async () => {
    expect(await answer("/assets/index-1.js", "cors", "POST")).toBeNull();
  });

  test("[WB4] gives the server's page while it answers, and the kept one when not", async () => {
    online = true;
    expect(await answer("/notes/a/b", "navigate")).toBe("served /notes/a/b");
    online = false;
    expect(await answer("/notes/a/b", "navigate")).toBe("kept /");
    expect(await answer("/", "navigate")).toBe("kept /");
  });

  test("assets come from the device, other files from the server first", async () => {
    online = true;
    expect(await answer("/assets/index-1.js")).toBe("kept /assets/index-1.js");
    expect(await answer("/theme.js")).toBe("served /theme.js");
    online = false;
    expect(await answer("/theme.js")).toBe("kept /theme.js");
  });
});
