/** Builds what the page of a simulation holds beside its numbers: one script and one style sheet, which name no others. */
import { defineConfig } from "vite";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: "../src/headway/console/simulated",
    emptyOutDir: true,
    target: "es2023",
    lib: { entry: "src/simulated/main.tsx", formats: ["iife"], name: "simulated", fileName: () => "page.js", cssFileName: "page" },
  },
});
