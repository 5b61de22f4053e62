import { describe, expect, test } from "vitest";
import { fingerprint, list, of, scopeWords, time } from ".";

const now = new Date(2026, 10, 21, 14, 27);
const before = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

describe("times near now are words", () => {
  test.each([
    [0, "just now"],
    [12, "12 min ago"],
    [130, "2 h ago"],
    [24 * 60, "Yesterday"],
  ])("%i minutes", (minutes, said) => expect(time.ago(before(minutes), now)).toBe(said));

  test("further back they are days, with a year where it is another", () => {
    expect(time.ago(before(4 * 24 * 60), now)).toMatch(/17/);
    expect(time.ago(new Date(2025, 0, 2), now)).toMatch(/2025/);
  });
});

test.each([
  [30_000, "under a minute"],
  [43 * 60_000, "43 min"],
  [120 * 60_000, "2 h"],
  [286 * 60_000, "4 h 46 min"],
  [21 * 3_600_000 + 1, "21 h"],
  [3 * 86_400_000, "3 days"],
])("a span of %i ms", (ms, said) => expect(time.span(ms)).toBe(said));

test("a span in a sentence", () => {
  expect(time.spoken(60_000)).toBe("1 minute");
  expect(time.spoken(38 * 60_000)).toBe("38 minutes");
});

test("a moment says its day only where it is another", () => {
  expect(time.when(before(10), now)).toBe(time.clock(before(10)));
  expect(time.when(before(24 * 60), now)).toBe(`yesterday, ${time.clock(before(24 * 60))}`);
});

test.each([
  ["cms:post:read", "Read posts"],
  ["cms:post:write", "Write posts"],
  ["directory:items:read", "Read directory items"],
  ["project:details:read", "Read project settings"],
  ["something:else", null],
  ["read", null],
])("scope %s", (scope, said) => expect(scopeWords(scope)).toBe(said));

test("small words", () => {
  expect(fingerprint("9f3c21ab")).toBe("9f3c 21ab");
  expect(of("Grigora")).toBe("Grigora’s");
  expect(of("GroveStreams")).toBe("GroveStreams’");
  expect(list(["a", "b", "c"])).toBe("a, b and c");
});
