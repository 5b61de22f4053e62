import { expect, test } from "vitest";
import { addDays, addMonths, isoDay, parseDay, weekStart, weeksOf } from "./calendar";

test.each([
  ["2026-01-31", "2026-01-31"],
  [" 2026-1-5 ", "2026-01-05"],
  ["0099-12-31", null],
  ["2026-02-31", null],
  ["2026-13-01", null],
  ["31.1.2026", null],
  ["2026-01-311", null],
  ["", null],
])("%j is the day %j", (text, day) => {
  const parsed = parseDay(text);
  expect(parsed && isoDay(parsed)).toBe(day);
});

test("days and months are added across their ends", () => {
  const day = new Date(2026, 0, 31);
  expect(isoDay(addDays(day, 1))).toBe("2026-02-01");
  expect(isoDay(addDays(day, -31))).toBe("2025-12-31");
  expect(isoDay(addMonths(day, 1))).toBe("2026-02-28");
  expect(isoDay(addMonths(day, -12))).toBe("2025-01-31");
  expect(isoDay(addMonths(day, 25))).toBe("2028-02-29");
});

test.each([
  ["Monday", 1, "2026-08-31", 5],
  ["Sunday", 0, "2026-08-30", 5],
  ["Saturday", 6, "2026-08-29", 5],
])("weeks that begin on %s contain every day of the month once", (_name, start, first, weeks) => {
  const shown = weeksOf(new Date(2026, 8, 15), start);
  expect(isoDay(shown[0]?.[0] ?? new Date(0))).toBe(first);
  expect(shown).toHaveLength(weeks);
  const days = shown.flat().filter((day) => day.getMonth() === 8);
  expect(days.map((day) => day.getDate())).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(isoDay(weekStart(new Date(2026, 8, 1), start))).toBe(first);
});
