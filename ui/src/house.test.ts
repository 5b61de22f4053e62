// The rules of this house, kept by a test.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(process.cwd(), "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|svelte|css)$/.test(file) && file !== "bindings.ts")
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
const breaking = (rule: (one: { file: string; text: string }) => boolean) => files.filter(rule).map((one) => one.file);

test("only the door knows the host's bindings", () => {
  expect(breaking(({ file, text }) => /@tauri-apps|from "[./]*bindings"/.test(text) && file !== "host.ts" && file !== "house.test.ts" && !file.startsWith("fake/"))).toEqual([]);
});

test("the fake host stays out of the product", () => {
  expect(breaking(({ file, text }) => /from "[./]*fake\//.test(text) && !/^(fake|test)\/|\.test\.ts$/.test(file))).toEqual([]);
});

test("no file is long", () => {
  expect(breaking(({ text }) => text.split("\n").length > 300)).toEqual([]);
});

test("colours are written down in one place", () => {
  expect(breaking(({ file, text }) => file !== "tokens.css" && /\.(svelte|css)$/.test(file) && /#[0-9a-f]{6}\b|\brgba?\(|\bhsl\(/i.test(text))).toEqual([]);
});

test("components say nothing themselves", () => {
  const said = (text: string) => text.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<!--[\s\S]*?-->/g, "").match(/>\s*[A-Z][a-z]+ [a-z]+/);
  expect(breaking(({ file, text }) => file.endsWith(".svelte") && said(text) !== null)).toEqual([]);
});
