import { beforeEach, expect, test } from "vitest";
import { unavailable } from "../fake/world";
import { fake } from "../fake/fake";
import { Shelf } from "./shelf.svelte";

let shelf: Shelf;
beforeEach(async () => {
  fake.use("some");
  shelf = new Shelf("c1", "p2");
  await shelf.open();
  fake.calls = [];
});

const asked = () => fake.called("postPage").map(([, , offset]) => offset);

test("whoever goes to a line that is on its way is shown that line", async () => {
  const answer = fake.hold("postPage");
  const reading = shelf.want(0, 50);
  const going = shelf.go(150);
  expect(asked()).toEqual([100]);
  answer();
  await Promise.all([reading, going]);
  expect(shelf.line(150)).toBeDefined();
  expect(shelf.chosen).toBe(shelf.line(150)?.id);
  expect(asked()).toEqual([100]);
});

test("a piece that could not be read is asked for again", async () => {
  fake.fail("postPage", unavailable);
  await shelf.go(150);
  expect(shelf.chosen).toBeNull();
  fake.fail("postPage", null);
  await shelf.go(150);
  expect(shelf.chosen).toBe(shelf.line(150)?.id);
});

test("what is around lines that were scrolled past is not read", async () => {
  const answer = fake.hold("postPage");
  const readings = [shelf.want(1000, 1050), shelf.want(3000, 3050)];
  answer();
  await Promise.all(readings);
  expect(asked()).toEqual([1000, 3000, 3100, 2900]);
});

test("the lines in sight stay, however early they were read", async () => {
  for (let at = 0; at < 3800; at += 100) await shelf.want(at, at + 50);
  await shelf.want(0, 50);
  for (const index of [4500, 4600, 4700]) await shelf.go(index);
  expect(shelf.chosen).toBe(shelf.line(4700)?.id);
  expect(shelf.line(4700)).toBeDefined();
  expect(shelf.line(0)).toBeDefined();
  expect(shelf.line(4500)).toBeUndefined();
});
