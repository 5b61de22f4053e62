import { expect, test } from "vitest";
import { FoldedLines } from "./foldedLines";

test("without folds each line is its row", () => {
  const lines = new FoldedLines(1_000_000);
  expect(lines.rows).toBe(1_000_000);
  expect([lines.line(0), lines.line(999_999), lines.row(12)]).toEqual([0, 999_999, 12]);
});

test("a fold keeps its first line and hides the others", () => {
  const lines = new FoldedLines(10, [{ start: 2, end: 5 }]);
  expect(Array.from({ length: lines.rows }, (_, row) => lines.line(row))).toEqual([0, 1, 2, 6, 7, 8, 9]);
  expect([1, 2, 3, 5, 6, 9].map((line) => lines.row(line))).toEqual([1, 2, 2, 2, 3, 6]);
});

test("a fold within another is kept for when the outer one is opened", () => {
  const outer = new FoldedLines(10, [
    { start: 3, end: 4 },
    { start: 1, end: 8 },
  ]);
  expect(outer.rows).toBe(3);
  const opened = outer.without(1);
  expect(opened.rows).toBe(9);
  expect(opened.isFolded(3)).toBe(true);
});

test("a line that is revealed is in no fold, and its siblings stay folded", () => {
  const lines = new FoldedLines(20, [
    { start: 1, end: 9 },
    { start: 3, end: 5 },
    { start: 12, end: 15 },
  ]).reveal(4);
  expect(lines.line(lines.row(4))).toBe(4);
  expect(lines.isFolded(12)).toBe(true);
  // The first line of a fold is shown without opening it.
  expect(lines.reveal(12).isFolded(12)).toBe(true);
});

test("rows and lines agree, with a hundred thousand folds in a million lines", () => {
  const folds = Array.from({ length: 100_000 }, (_, nth) => ({ start: nth * 10, end: nth * 10 + 8 }));
  const lines = new FoldedLines(1_000_000, folds);
  expect(lines.rows).toBe(200_000);
  for (const row of [0, 1, 2, 3, 99_999, 100_000, 199_999]) expect(lines.row(lines.line(row))).toBe(row);
});
