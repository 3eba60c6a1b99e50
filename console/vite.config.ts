import { defineConfig } from "vitest/config";

const CONTROL = process.env.HEADWAY_URL ?? "http://127.0.0.1:8081";

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../src/headway/console/assets",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the page's policy allows no data: addresses
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "docs.html"] },
  },
  server: { proxy: { "/v1": CONTROL, "/openapi.json": CONTROL } },
  test: { include: ["tests/**/*.test.ts"] },
});
