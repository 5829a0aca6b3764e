import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    // Inlined data: URLs would bypass the content security policy's 'self' for styles and scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first that have the popover attribute and light-dark().
    target: ["chrome123", "firefox125", "safari17.5"],
  },
  server: {
    proxy: {
      "/api": server,
      "/ws": { target: server, ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
