// Components in isolation: their accessibility.
import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { createRawSnippet, tick } from "svelte";
import { expect, test } from "vitest";
import DiscoveryNotes from "./DiscoveryNotes.svelte";
import Disclosure from "./Disclosure.svelte";
import Status from "./Status.svelte";

/** Records the nodes that are added from now on. */
function added() {
  const found: string[] = [];
  const observer = new MutationObserver((all) => {
    for (const { target, addedNodes } of all)
      for (const node of addedNodes)
        if (node instanceof Element)
          found.push(
            `${(target as Element).getAttribute("role")} < ${node.tagName.toLowerCase()}: ${node.textContent}`,
          );
  });
  observer.observe(document.body, { childList: true, subtree: true });
  return async () => {
    await tick();
    await Promise.resolve();
    return found;
  };
}

test("a new announcement is a block added to an existing live region", async () => {
  const { rerender } = render(Status, { text: "" });
  const news = added();
  await rerender({ text: "Copied" });
  expect(await news()).toEqual(["status < p: Copied"]);
  await rerender({ text: "Kept" });
  expect(await news()).toEqual(["status < p: Copied", "status < p: Kept"]);
  expect(screen.getByRole("status")).toHaveTextContent("Kept");
});

test("initial text is announced only with `arrives`", async () => {
  const news = added();
  render(Status, { text: "Loading", arrives: true });
  expect((await news()).at(-1)).toBe("status < p: Loading");
  const later = added();
  render(Status, { text: "3 posts" });
  expect((await later()).some((one) => one.startsWith("status"))).toBe(false);
});

test("what changes behind an open dialog is added again when that has closed", async () => {
  const dialog = document.body.appendChild(document.createElement("dialog"));
  const { rerender } = render(Status, { text: "Active" });
  dialog.showModal();
  await rerender({ text: "Disconnected" });
  const news = added();
  dialog.close();
  expect(await news()).toEqual(["status < p: Disconnected"]);
  dialog.remove();
});

test("a disclosure button has aria-expanded", async () => {
  const user = userEvent.setup();
  render(Disclosure, {
    title: "Addresses",
    children: createRawSnippet(() => ({ render: () => "<input aria-label='Token' />" })),
  });
  const button = screen.getByRole("button", { name: "Addresses" });
  expect(button).toHaveAttribute("aria-expanded", "false");
  expect(screen.queryByRole("textbox")).toBeNull();
  await user.click(button);
  expect(button).toHaveAttribute("aria-expanded", "true");
  expect(screen.getByRole("textbox", { name: "Token" })).toBeVisible();
});

test("a note from discovery names settings as the form does", () => {
  const text = "If the API accepts them, set “Bind tokens to a key (DPoP)” to yes (dpop=true).";
  render(DiscoveryNotes, { notes: [{ kind: "notice", text }] });
  expect(screen.getByRole("listitem")).toHaveTextContent("set “Bind tokens to a key (DPoP)” to yes.");
});
