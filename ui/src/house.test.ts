// Rules for the window's source code that no linter checks.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

const root = join(process.cwd(), "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|svelte|css)$/.test(file) && file !== "bindings.ts")
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
const breaking = (rule: (one: { file: string; text: string }) => boolean) => files.filter(rule).map((one) => one.file);

test("only host.ts imports the bindings", () => {
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

test("the fake host is not imported by the product", () => {
  expect(
    breaking(({ file, text }) => /from "[./]*fake\//.test(text) && !/^(fake|test)\/|\.test\.ts$/.test(file)),
  ).toEqual([]);
});

test("no two files import each other, directly or indirectly", () => {
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

test("no file has more than the allowed lines", () => {
  expect(breaking(({ text }) => text.split("\n").length > 400)).toEqual([]);
});

test("no line is longer than 120 characters", () => {
  expect(breaking(({ text }) => text.split("\n").some((line) => [...line].length > 120))).toEqual([]);
});

test("colors are defined in tokens.css only", () => {
  expect(
    breaking(
      ({ file, text }) =>
        file !== "tokens.css" && /\.(svelte|css)$/.test(file) && /#[0-9a-f]{6}\b|\brgba?\(|\bhsl\(/i.test(text),
    ),
  ).toEqual([]);
});

test("text and surfaces have the accent color only where they can be pressed", () => {
  const pressed = [
    ...["styles/base.css", "styles/controls.css", "parts/Calendar.svelte"],
    ...["screens/requests/SentAndSaved.svelte", "screens/settings/SwitchRow.svelte"],
  ];
  expect(
    breaking(({ file, text }) => !pressed.includes(file) && /[^-]color: var\(--accent\)|var\(--fill/.test(text)),
  ).toEqual([]);
});

test("motion is brief, once, and none if the person prefers that", () => {
  const durations = /--(quick|calm|haul): (\d+)ms/g;
  const tokens = files.find(({ file }) => file === "tokens.css")?.text ?? "";
  expect([...tokens.matchAll(durations)].map(([, name, ms]) => `${name} ${ms}`)).toEqual([
    "quick 90",
    "calm 180",
    "haul 420",
    "quick 0",
    "calm 0",
    "haul 0",
  ]);
  // The turning arrow asks for it itself; a message that appears late only changes its visibility.
  const own = ["parts/Loading.svelte", "screens/connection/Overview.svelte"];
  expect(
    breaking(
      ({ file, text }) =>
        /\.(svelte|css)$/.test(file) &&
        !own.includes(file) &&
        [...text.matchAll(/\b(?:animation|transition):([^;]*);/g)].some(
          ([, value]) => !/var\(--(quick|calm|haul)\)/.test(value ?? "") || /infinite/.test(value ?? ""),
        ),
    ),
  ).toEqual([]);
});

test("components contain no text of their own", () => {
  const said = (text: string) =>
    text
      .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
      .replace(/<!--[\s\S]*?-->/g, "")
      .match(/>\s*[A-Z][a-z]+ [a-z]+/);
  expect(breaking(({ file, text }) => file.endsWith(".svelte") && said(text) !== null)).toEqual([]);
});

test("numbers and times are formatted in words/ only", () => {
  // Names are sorted by the person's locale; formatted text is English.
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
  // Locale-dependent case mapping differs by language: in Turkish, `I` becomes `ı`.
  expect(breaking(({ file, text }) => file.startsWith("words/") && /toLocale(Lower|Upper)Case/.test(text))).toEqual([]);
});

// A derived value ends with the component that was shown when it was made, and is never updated again.
test("state that outlives a component derives nothing", () => {
  const state = files.filter(({ file }) => file.startsWith("state/") && file.endsWith(".svelte.ts"));
  const kept = state.flatMap(({ text }) =>
    [...text.matchAll(/Map<string, (\w+)>|\.raw<(\w+)\[\]>/g)].map((found) => found[1] ?? found[2]),
  );
  const made = state.flatMap(({ text }) => text.split(/^(?=(?:export )?class )/m).slice(1));
  const deriving = made
    .filter((text) => /= \$derived/.test(text))
    .map((text) => /class (\w+)/.exec(text)?.[1])
    .filter((name) => kept.includes(name));
  expect(kept).toContain("RequestPageState");
  expect(deriving).toEqual([]);
});

test("disclosures are buttons", () => {
  expect(breaking(({ file, text }) => file.endsWith(".svelte") && /<(details|summary)\b/.test(text))).toEqual([]);
});

test("live regions are created by Status only", () => {
  expect(
    breaking(
      ({ file, text }) =>
        file.endsWith(".svelte") && file !== "parts/Status.svelte" && /role=["{]?"?status|aria-live/.test(text),
    ),
  ).toEqual([]);
});

test("each button that a text names exists", () => {
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
