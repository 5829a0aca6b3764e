/** Paths of the build, put in by vite.config.ts. */
declare const __FILES__: readonly string[];
/** A hash over them, put in likewise. */
declare const __BUILD__: string;

/**
 * Keeps the app's own files, so that a note with edits on this device opens while the server
 * is away. It never answers for /api and /ws: what is said about a document comes from the
 * server or from nowhere.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `collab-${__BUILD__}`;
const SHELL = "/";

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([SHELL, ...__FILES__]))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(removeOld().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate") {
    if (pathname === "/" || pathname.startsWith("/notes/")) event.respondWith(page(request));
  } else if (pathname.startsWith("/assets/")) {
    event.respondWith(file(request));
  } else if (__FILES__.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => file(request)));
  }
});

/** The server's page while it answers: it names the files of its own version. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const shell = await caches.match(SHELL);
    if (shell === undefined) throw error;
    return shell;
  }
}

/** Names of assets change with their content, so a copy is as good as the original. */
async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

async function removeOld(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("collab-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
