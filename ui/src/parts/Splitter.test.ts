import { fireEvent } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { screen, start } from "../test/start";

const property = () => document.documentElement.style.getPropertyValue("--sidebar");

test("the list is as wide as the person makes it, and that is kept", async () => {
  const user = await start("some");
  const edge = screen.getByRole("separator", { name: "Width of the list" });
  expect(edge).toHaveAttribute("aria-valuenow", "17");
  expect(property()).toBe("");
  edge.focus();
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(edge).toHaveAttribute("aria-valuenow", "19");
  expect(property()).toBe("min(19rem, 42vw)");
  expect(localStorage.getItem("sidebar-width")).toBe("19");
  await user.keyboard("{Home}{ArrowLeft}");
  expect(edge).toHaveAttribute("aria-valuenow", "11");
  await user.keyboard("{End}");
  expect(edge).toHaveAttribute("aria-valuenow", "30");
  await fireEvent.pointerDown(edge, { button: 0, clientX: 480, pointerId: 1 });
  await fireEvent.pointerMove(edge, { clientX: 320, pointerId: 1 });
  expect(edge).toHaveAttribute("aria-valuenow", "20");
  await fireEvent.dblClick(edge);
  expect(edge).toHaveAttribute("aria-valuenow", "17");
  expect([property(), localStorage.getItem("sidebar-width")]).toEqual(["", null]);
});
