// The rules of this house, kept by a test.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

const root = join(process.cwd(), "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|svelte|css)$/.test(file) && file !== "bindings.ts")
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
const breaking = (rule: (one: { file: string; text: string }) => boolean) => files.filter(rule).map((one) => one.file);

test("only the door knows the host's bindings", () => {
  expect(
    breaking(
      ({ file, text }) =>
        /@tauri-apps|from "[./]*bindings"/.test(text) &&
        file !== "host.ts" &&
        file !== "house.test.ts" &&
        !file.startsWith("fake/"),
    ),
  ).toEqual([]);
});

test("the fake host stays out of the product", () => {
  expect(
    breaking(({ file, text }) => /from "[./]*fake\//.test(text) && !/^(fake|test)\/|\.test\.ts$/.test(file)),
  ).toEqual([]);
});

test("no two files import each other, directly or through others", () => {
  const names = new Set(files.map((one) => one.file));
  const imports = new Map(
    files.map(({ file, text }) => {
      const found = text.matchAll(/(?:\bfrom|\bimport\(?)\s*"(\.[^"]+)"/g);
      const paths = [...found].map(([, path]) => posix.join(posix.dirname(file), path ?? ""));
      const candidates = paths.flatMap((path) => [path, `${path}.ts`, `${path}/index.ts`]);
      return [file, candidates.filter((path) => names.has(path))];
    }),
  );
  // Files that import nothing but files removed before are removed, until only cycles are left, with their importers.
  for (let left = -1; left !== imports.size;) {
    left = imports.size;
    for (const [file, found] of imports) {
      if (!found.some((path) => imports.has(path))) imports.delete(file);
    }
  }
  expect([...imports.keys()]).toEqual([]);
});

test("no file is long", () => {
  expect(breaking(({ text }) => text.split("\n").length > 400)).toEqual([]);
});

test("no line is long", () => {
  expect(breaking(({ text }) => text.split("\n").some((line) => [...line].length > 120))).toEqual([]);
});

test("colours are written down in one place", () => {
  expect(
    breaking(
      ({ file, text }) =>
        file !== "tokens.css" && /\.(svelte|css)$/.test(file) && /#[0-9a-f]{6}\b|\brgba?\(|\bhsl\(/i.test(text),
    ),
  ).toEqual([]);
});

test("components say nothing themselves", () => {
  const said = (text: string) =>
    text
      .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
      .replace(/<!--[\s\S]*?-->/g, "")
      .match(/>\s*[A-Z][a-z]+ [a-z]+/);
  expect(breaking(({ file, text }) => file.endsWith(".svelte") && said(text) !== null)).toEqual([]);
});

test("numbers and times are written in one way", () => {
  // Names are compared as the person's language does; all that is written is English.
  const written = /Intl\.(?!Collator)\w*Format|toLocale(?!LowerCase|UpperCase)\w*\(/;
  expect(
    breaking(
      ({ file, text }) =>
        written.test(text) && !["words/locale.ts", "house.test.ts"].includes(file) && !file.endsWith(".test.ts"),
    ),
  ).toEqual([]);
  expect(
    breaking(
      ({ file, text }) =>
        /Intl\.Collator|localeCompare/.test(text) &&
        !["state/sort.ts", "house.test.ts"].includes(file) &&
        !/\.at\.localeCompare/.test(text),
    ),
  ).toEqual([]);
  // A person's language may have letters of its own for these: in Turkish, `I` becomes `ı`.
  expect(breaking(({ file, text }) => file.startsWith("words/") && /toLocale(Lower|Upper)Case/.test(text))).toEqual([]);
});

test("what opens is a button, which has a role everywhere", () => {
  expect(breaking(({ file, text }) => file.endsWith(".svelte") && /<(details|summary)\b/.test(text))).toEqual([]);
});

test("what is announced is announced in one way", () => {
  expect(
    breaking(
      ({ file, text }) =>
        file.endsWith(".svelte") && file !== "parts/Status.svelte" && /role=["{]?"?status|aria-live/.test(text),
    ),
  ).toEqual([]);
});

test("a button that a text names is there", () => {
  const crates = join(process.cwd(), "../src-tauri");
  const rust = readdirSync(crates, { recursive: true, encoding: "utf8" }).filter(
    (file) => /^((core|cli|model|oauth|store)\/)?src\/.*\.rs$/.test(file) && !file.includes("tests"),
  );
  const labels = rust.flatMap((file) =>
    [
      ...(readFileSync(join(crates, file), "utf8").split("#[cfg(test)]")[0] ?? "")
        .replace(/^ *\/\/.*$/gm, "")
        .matchAll(/“([A-Z][^”{}]*)”/g),
    ].map((found) => found[1]),
  );
  const words = files
    .filter(({ file }) => file.startsWith("words/"))
    .map(({ text }) => text)
    .join();
  expect(labels).toContain("Share app…");
  expect(labels.filter((label) => !words.includes(`"${label}"`))).toEqual([]);
});
