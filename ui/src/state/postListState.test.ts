import { beforeEach, expect, test } from "vitest";
import { unavailable } from "../fake/data";
import { fake } from "../fake/fake";
import { PostListState } from "./postListState.svelte";

let postList: PostListState;
beforeEach(async () => {
  fake.use("some");
  postList = new PostListState("c1", "p2");
  await postList.open();
  fake.calls = [];
});

const asked = () => fake.called("postPage").map(([, , offset]) => offset);

test("going to a row that is being loaded selects it", async () => {
  const answer = fake.hold("postPage");
  const reading = postList.want(0, 50);
  const going = postList.go(150);
  expect(asked()).toEqual([100]);
  answer();
  await Promise.all([reading, going]);
  expect(postList.line(150)).toBeDefined();
  expect(postList.chosen).toBe(postList.line(150)?.id);
  expect(asked()).toEqual([100]);
});

test("a page that could not be loaded is requested again", async () => {
  fake.fail("postPage", unavailable);
  await postList.go(150);
  expect(postList.chosen).toBeNull();
  fake.fail("postPage", null);
  await postList.go(150);
  expect(postList.chosen).toBe(postList.line(150)?.id);
});

test("pages around rows that were scrolled past are not loaded", async () => {
  const answer = fake.hold("postPage");
  const readings = [postList.want(1000, 1050), postList.want(3000, 3050)];
  answer();
  await Promise.all(readings);
  expect(asked()).toEqual([1000, 3000, 3100, 2900]);
});

test("visible rows stay, however early they were loaded", async () => {
  for (let at = 0; at < 3800; at += 100) await postList.want(at, at + 50);
  await postList.want(0, 50);
  for (const index of [4500, 4600, 4700]) await postList.go(index);
  expect(postList.chosen).toBe(postList.line(4700)?.id);
  expect(postList.line(4700)).toBeDefined();
  expect(postList.line(0)).toBeDefined();
  expect(postList.line(4500)).toBeUndefined();
});
