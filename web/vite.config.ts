import { createHash } from "node:crypto";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8000";
const WORKER = "sw.js";
const PUBLIC_FILES = ["/favicon.svg", "/theme.js"];

/** Tells the service worker which files to keep, once their names are known. */
function listFilesForWorker(): Plugin {
  return {
    name: "list-files-for-worker",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = bundle[WORKER];
        if (worker?.type !== "chunk") throw new Error(`the build has no ${WORKER}`);
        const built = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
        const files = [...built.map((name) => `/${name}`), ...PUBLIC_FILES].sort();
        const build = createHash("sha256").update(files.join()).digest("hex").slice(0, 12);
        worker.code = worker.code
          .replaceAll("__FILES__", JSON.stringify(files))
          .replaceAll("__BUILD__", JSON.stringify(build));
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), listFilesForWorker()],
  build: {
    // Inlined data: URLs would bypass the content security policy's 'self' for styles and scripts.
    assetsInlineLimit: 0,
    // The editor with its CRDT is one chunk, loaded when a note is opened.
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    // The first that have the popover attribute and light-dark().
    target: ["chrome123", "firefox125", "safari17.5"],
    rolldownOptions: {
      input: { index: "index.html", worker: "src/offline/worker.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "worker" ? WORKER : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    proxy: {
      "/api": server,
      "/ws": { target: server, ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
