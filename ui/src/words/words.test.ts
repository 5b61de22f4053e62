import { describe, expect, test, vi } from "vitest";
import { clockOptions, dates, format, numbers } from "./locale";
import {
  inFormWords,
  browse,
  fingerprint,
  list,
  named,
  of,
  scopeWords,
  shortcutWords,
  stateSentence,
  time,
  value,
} from ".";

const now = new Date(2026, 10, 21, 14, 27);
const before = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

describe("times near now are words", () => {
  test.each([
    [0, "just now"],
    [12, "12 min ago"],
    [130, "2 h ago"],
    [24 * 60, "Yesterday"],
  ])("%i minutes", (minutes, said) => expect(time.ago(before(minutes), now)).toBe(said));

  test("older times are dates, with the year if it differs", () => {
    expect(time.ago(before(4 * 24 * 60), now)).toMatch(/17/);
    expect(time.ago(new Date(2025, 0, 2), now)).toMatch(/2025/);
  });
});

test.each([
  [30_000, "<1 min"],
  [43 * 60_000, "43 min"],
  [120 * 60_000, "2 h"],
  [286 * 60_000, "4 h 46 min"],
  [21 * 3_600_000 + 1, "21 h"],
  [3 * 86_400_000, "3 days"],
])("a span of %i ms", (ms, said) => expect(time.span(ms)).toBe(said));

test("a span in a sentence", () => {
  expect(time.spoken(60_000)).toBe("1 minute");
  expect(time.spoken(38 * 60_000)).toBe("38 minutes");
  expect(time.spoken(120 * 60_000)).toBe("2 hours");
  expect(stateSentence.active(119 * 60_000)).toMatch(/^Expires in 1 hour 59 minutes\. /);
});

test("the header and the list say the same time", () => {
  for (let minutes = 1; minutes < 4 * 24 * 60; minutes += 1) {
    const spoken = time
      .spoken(minutes * 60_000)
      .replace(/ hours?/, " h")
      .replace(/ minutes?/, " min");
    expect(spoken).toBe(time.span(minutes * 60_000));
  }
});

test("a time includes the date only if it is not today", () => {
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

test("short texts", () => {
  expect(fingerprint("9f3c21ab")).toBe("9f3c\u00a021ab");
  expect(of("Grigora")).toBe("Grigora’s");
  expect(of("GroveStreams")).toBe("GroveStreams’");
  expect(list(["a", "b", "c"])).toBe("a, b and c");
});

describe("what came in passing is readable", () => {
  const told = (name: string, text: string) => value({ name, value: text });
  test("numbers in members named like times are formatted as times", () => {
    expect(told("createdAt", "1662631200000")).toBe(time.dateAndClock("2022-09-08T10:00:00Z"));
    expect(told("created_on", "1662631200")).toBe(time.dateAndClock("2022-09-08T10:00:00Z"));
    expect(told("updatedAt", "2022-09-08T10:00:00Z")).toBe(time.dateAndClock("2022-09-08T10:00:00Z"));
    expect(told("phone", "1662631200")).toBe("1662631200");
  });
  test("lists and objects", () => {
    expect(told("admins", '["ines","tom"]')).toBe("ines, tom");
    expect(told("users", "[]")).toBe("–");
    expect(told("trigger", '{"type":"x"}')).toBe('{\n  "type": "x"\n}');
    expect(told("note", "[not a list")).toBe("[not a list");
  });
});

test("an account without a name is not named by its ID", () => {
  expect(named({ id: "eip155:1:0x71C7", name: "0x71C7" })).toBe("");
  expect(named({ id: "u_1", name: "Ines" })).toBe("Ines");
});

test("less than a minute fits in a sentence", () => {
  expect(stateSentence.active(20_000)).toMatch(/^Expires in less than a minute\./);
  expect(stateSentence.active(120_000)).toMatch(/^Expires in 2 minutes\./);
});

test("an age fits in a sentence", () => {
  expect(browse.asOf(time.ago(before(24 * 60), now))).toBe("Updated yesterday");
  expect(browse.asOf(time.ago(before(12), now))).toBe("Updated 12 min ago");
});

test.each([
  ["en-US", "Nov 12, 2026, 2:12 AM", "12,345.6"],
  ["en-GB", "12 Nov 2026, 02:12", "12,345.6"],
  ["ar-EG", "12 Nov 2026, 2:12 am", "12,345.6"],
  ["fa-IR", "12 Nov 2026, 02:12", "12,345.6"],
  ["th-TH-u-ca-buddhist", "12 Nov 2026, 02:12", "12,345.6"],
  ["de-DE", "12 Nov 2026, 02:12", "12.345,6"],
])("in %s, dates and numbers are English, in the digits and the clock that go with it", (tag, moment, number) => {
  const own = format(tag);
  const written = dates({ day: "numeric", month: "short", year: "numeric", ...clockOptions(own) }, own).format(
    new Date(2026, 10, 12, 2, 12),
  );
  expect(written.replace(/\s/g, " ")).toBe(moment);
  expect(numbers({}, own).format(12345.6)).toBe(number);
});

test("a time of day does not wrap", () => expect(time.clock(now)).not.toMatch(/ /));

test("a hint of the host has no key of a setting beside its name in the form", () =>
  expect(inFormWords("Set “Bind tokens to a key (DPoP)” to yes (dpop=true), then reconnect (error=x).")).toBe(
    "Set “Bind tokens to a key (DPoP)” to yes, then reconnect (error=x).",
  ));

test("on macOS a shortcut has the keys of macOS, and not those of its search", () => {
  vi.spyOn(navigator, "userAgent", "get").mockReturnValue("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)");
  expect(["control+shift+n", "alt+arrowleft", "control+ "].map(shortcutWords.caps)).toEqual([
    "⌘ Shift N",
    "⌥ ←",
    "⌃ Space",
  ]);
});
