import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const fakeBindings = fileURLToPath(new URL("./src/fake/bindings.ts", import.meta.url));

// State of single screens.
const onDemand = [
  ...["appForm", "collections", "filters", "foldedLines", "layout", "lineParts", "postListState", "providerFields"],
  ...["requestPage", "responseLines", "tallScroll", "visibleRows"],
];

// What every screen rests on comes in one piece, not in many small ones.
const base = new RegExp(
  [
    "node_modules/(svelte|@tauri-apps|esm-env|clsx)/",
    "src/(host|bindings|words/)",
    `src/state/(?!${onDemand.join("|")})`,
    "src/parts/(?!BrowserChoice|ChoiceGroup|Popover|ProfileFields|RedirectFields|Select)",
  ].join("|"),
);

// The pages of apps share most of what they consist of.
const apps = new RegExp(
  [
    "src/screens/(add/|AppForm|AppPage|ImportApp|ExpiringSecret|Rediscovery|RenewClient)",
    "src/parts/(ProfileFields|RedirectFields)",
    "src/state/(appForm|providerFields)",
  ].join("|"),
);

/** How large the whole page may be, gzipped. */
const BUDGET = 212_000;

/** Fails the build of a page that is larger. */
const budget: Plugin = {
  name: "budget",
  apply: "build",
  enforce: "post",
  generateBundle(_, bundle) {
    const size = Object.values(bundle).reduce(
      (sum, one) => sum + gzipSync(one.type === "chunk" ? one.code : one.source, { level: 9 }).length,
      0,
    );
    this.info(`${size} of ${BUDGET} bytes, gzipped`);
    if (size > BUDGET) this.error(`The page has ${size} bytes gzipped, more than ${BUDGET}.`);
  },
};

export default defineConfig(({ mode }) => {
  // In tests, and in the mode made for pictures, a fake host stands behind the same door.
  const fake = mode === "fake" || mode === "test";
  return {
    plugins: [svelte(), ...(mode === "test" ? [svelteTesting()] : []), ...(fake ? [] : [budget])],
    resolve: { alias: fake ? [{ find: /^\.\/bindings$/, replacement: fakeBindings }] : [] },
    clearScreen: false,
    server: { host: "127.0.0.1", port: 1420, strictPort: true },
    preview: { host: "127.0.0.1", strictPort: true },
    build: {
      outDir: mode === "fake" ? "../target/ui-fake" : "dist",
      emptyOutDir: true,
      target: "safari18",
      modulePreload: { polyfill: false },
      // Screens are loaded when they are first shown; their styles are few, and come at once.
      cssCodeSplit: false,
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [
              { name: "base", test: base },
              { name: "apps", test: apps },
            ],
          },
        },
      },
    },
    test: {
      environment: "jsdom",
      setupFiles: ["./src/test/setup.ts"],
      include: ["src/**/*.test.ts"],
      restoreMocks: true,
      // The default leaves one processor out.
      maxWorkers: "100%",
      testTimeout: 30_000,
    },
  };
});
