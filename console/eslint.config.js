import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig(
  { ignores: ["node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  typescript.configs.strict,
  {
    files: ["**/*.ts", "**/*.tsx"],
    rules: { complexity: ["error", 12], "max-lines": ["error", 300], eqeqeq: "error", "no-console": "error" },
  },
  { files: ["**/*.tsx"], rules: { complexity: ["error", 20] } }, // markup branches where it shows something or not
  { files: ["scripts/**"], languageOptions: { globals: { process: "readonly", URL: "readonly" } } },
);
