import { beforeEach, expect, test } from "vitest";
import { layout } from "./layout.svelte";

beforeEach(() => layout.reset());

test("in a narrow table, columns yield in order, so that the title keeps its width", () => {
  const fitting = (width: number) => layout.fitting(width).join(" ");
  expect(fitting(Infinity)).toBe("title status author category word_count last_update");
  expect(fitting(60)).toBe("title status author category word_count last_update");
  expect(fitting(44)).toBe("title status category word_count last_update");
  expect(fitting(38)).toBe("title status word_count last_update");
  expect(fitting(34)).toBe("title status last_update");
  expect(fitting(26)).toBe("title status");
  expect(fitting(12)).toBe("title");
  for (const width of [60, 44, 38, 34, 26]) {
    const others = layout.fitting(width).filter((column) => column !== "title");
    expect(width - layout.widthOf(others)).toBeGreaterThanOrEqual(20);
  }
});

test("columns that the person chose stay", () => {
  layout.show("created_on", true);
  expect(layout.fitting(12)).toEqual(layout.shown);
});
