import { expect, test } from "vitest";
import { shellWord, tokenCommands } from "./shellCommands";

test.each([
  ["acme", "acme"],
  ["Grig two", "'Grig two'"],
  ["it's $(rm -rf ~) `x`", "'it'\\''s $(rm -rf ~) `x`'"],
  ["", "''"],
  ["~", "'~'"],
  ["ä", "'ä'"],
])("%j is one word of a POSIX shell", (text, word) => expect(shellWord(text, "posix")).toBe(word));

test.each([
  ["acme", "acme"],
  ["Grig two", "'Grig two'"],
  ["it's $(rm) `x`", "'it''s $(rm) `x`'"],
  ["@acme", "'@acme'"],
  ["a,b", "'a,b'"],
  ["", "''"],
])("%j is one word of PowerShell", (text, word) => expect(shellWord(text, "powershell")).toBe(word));

test("a connection's token is used by commands that do not contain it", () => {
  expect(tokenCommands("Grig two")).toEqual({
    token: "grapnel token 'Grig two'",
    exec: "grapnel exec 'Grig two=TOKEN' -- printenv TOKEN",
    api: "grapnel api 'Grig two' GET /",
  });
  expect(tokenCommands("it's", "powershell")).toMatchObject({
    token: "grapnel token 'it''s'",
    exec: "grapnel exec 'it''s=TOKEN' -- powershell -Command '$env:TOKEN'",
  });
  expect(tokenCommands("-x")).toEqual({ token: "grapnel token -- -x", exec: null, api: "grapnel api -- -x GET /" });
});
