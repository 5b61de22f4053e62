import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig(
  // Generated from the Rust commands.
  globalIgnores(["dist", "src/bindings.ts"]),
  js.configs.recommended,
  typescript.configs.recommended,
  svelte.configs.recommended,
  // Prettier decides the layout.
  svelte.configs.prettier,
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: typescript.parser } } },
  {
    rules: {
      // TypeScript finds names that do not exist.
      "no-undef": "off",
      // Most sets and maps are local, or deliberately not reactive.
      "svelte/prefer-svelte-reactivity": "off",
      // `{" "}` is a space that the formatter must keep.
      "svelte/no-useless-mustaches": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
);
