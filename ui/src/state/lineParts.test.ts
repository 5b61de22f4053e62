import { expect, test } from "vitest";
import { jsonParts, marked } from "./lineParts";

const looks = (line: string) => jsonParts(line).map(({ text, look }) => `${look}:${text}`);
const marks = (line: string, wanted: string) =>
  marked(jsonParts(line), wanted)
    .filter(({ look }) => look === "mark")
    .map(({ text }) => text);

test("name, value and punctuation of a line are told apart", () => {
  expect(looks('"total": 4,')).toEqual(['name:"total"', "punctuation:: ", "literal:4", "punctuation:,"]);
  expect(looks('"a \\" b": "x: y"')).toEqual(['name:"a \\" b"', "punctuation:: ", ':"x: y"']);
  expect(looks("},")).toEqual(["punctuation:},"]);
  expect(looks('"next": [')).toEqual(['name:"next"', "punctuation:: ", "punctuation:["]);
  expect(looks("null")).toEqual(["literal:null"]);
});

test("what is found is marked, also across parts, and no text is lost", () => {
  expect(marks('"title": "Rope"', "ROPE")).toEqual(["Rope"]);
  expect(marks('"title": "Rope"', 'e": "r').join("")).toBe('e": "R');
  expect(
    marked(jsonParts('"aXa": "xax",'), "a")
      .map(({ text }) => text)
      .join(""),
  ).toBe('"aXa": "xax",');
  expect(marks("ÄÖ", "ä")).toEqual([]);
});
