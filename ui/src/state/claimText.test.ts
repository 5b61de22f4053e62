import { expect, test } from "vitest";
import { claimText, claimTime, spelledOut } from "./claimText";

test("invisible characters of a token are spelled out", () => {
  expect(spelledOut("a\n\u202eb\u200bc\u001b[2Jd\u3164")).toBe("a\\u{a}\\u{202e}b\\u{200b}c\\u{1b}[2Jd\\u{3164}");
  expect(spelledOut("سارة <b>😀")).toBe("سارة <b>😀");
});

test("a long claim is cut, and says by how much", () => {
  expect(claimText("short")).toEqual({ text: "short", more: 0 });
  const { text, more } = claimText("x".repeat(1_000_000));
  expect(text).toHaveLength(600);
  expect(more).toBe(999_400);
});

test.each([
  ["exp", "1795000000", "2026-11-18T11:06:40.000Z"],
  ["exp", "1795000000.5", "2026-11-18T11:06:40.500Z"],
  ["exp", "soon", null],
  ["exp", "", null],
  ["nbf", "1e400", null],
  ["jti", "1795000000", null],
])("the claim %s with %j is the time %j", (name, value, time) => expect(claimTime(name, value)).toBe(time));
