import { expect, test } from "vitest";
import { tallScroll } from "./tallScroll";

test("what an element can be high scrolls pixel by pixel", () => {
  const scroll = tallScroll(1000, 18, 600);
  expect(scroll.height).toBe(18_000);
  expect(scroll.offset(123)).toBe(123);
  expect(scroll.scrollTop(123)).toBe(123);
});

test("five million rows fit, and the first and the last of them are reached", () => {
  const scroll = tallScroll(5_000_000, 36, 600);
  expect(scroll.height).toBeLessThan(17_000_000);
  expect(scroll.offset(0)).toBe(0);
  expect(scroll.offset(scroll.height - 600)).toBeCloseTo(5_000_000 * 36 - 600);
  expect(scroll.offset(scroll.scrollTop(90_000_000))).toBeCloseTo(90_000_000);
});

test("a text that is shorter than its view does not scroll", () => {
  const scroll = tallScroll(3, 18, 600);
  expect(scroll.offset(0)).toBe(0);
  expect(scroll.scrollTop(40)).toBe(0);
});
