import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { fake, press, screen, start } from "../../test/start";

async function open(tell?: () => void) {
  const user = await start("some", tell);
  await press(user, "Settings");
  await press(user, "Hooks");
  return { user, section: within(await screen.findByRole("region", { name: "Hooks" })) };
}

test("a hook is added, tried and removed", async () => {
  const { user, section } = await open();
  expect(await section.findByText("No hooks.")).toBeVisible();
  await user.selectOptions(section.getByRole("combobox", { name: "Event" }), "needs_attention");
  await user.type(section.getByRole("textbox", { name: "Hook command" }), "/bin/fail{Enter}");
  expect(await section.findByText("Hook added")).toBeVisible();
  expect(fake.called("addHook")).toEqual([["needs_attention", "/bin/fail"]]);
  expect(section.getByText("Never run")).toBeVisible();
  expect(section.getByRole("textbox", { name: "Hook command" })).toHaveValue("");
  await user.click(section.getByRole("button", { name: "Test /bin/fail" }));
  expect(await section.findByText("The hook exited with 1.")).toBeVisible();
  expect(section.getByText(/: exited with 1$/)).toBeVisible();
  await user.click(section.getByRole("button", { name: "Remove /bin/fail…" }));
  const dialog = within(await screen.findByRole("alertdialog", { name: "Remove this hook" }));
  expect(fake.called("removeHook")).toEqual([]);
  await user.click(dialog.getByRole("button", { name: "Remove" }));
  expect(await section.findByText("No hooks.")).toBeVisible();
});

test("a command that the person declines is not added, stays to be corrected, and is no error", async () => {
  const { user, section } = await open(() => (fake.data.agrees = false));
  await user.type(await section.findByRole("textbox", { name: "Hook command" }), "/bin/true{Enter}");
  expect(await section.findByText("Not added")).toBeVisible();
  expect(section.getByRole("textbox", { name: "Hook command" })).toHaveValue("/bin/true");
  expect(section.queryByRole("alert")).toBeNull();
});

test("a command that cannot run says why at its field", async () => {
  const { user, section } = await open();
  await user.type(await section.findByRole("textbox", { name: "Hook command" }), "gone{Enter}");
  expect(await section.findByRole("alert")).toHaveTextContent("There is no program “gone” in PATH. No hook was set.");
});

test("a hook that was changed outside of Grapnel says so and can only be removed", async () => {
  const { section } = await open(() => {
    fake.data.hooks = [{ id: "1", event: null, command: null, last_run: null }];
  });
  expect(await section.findByText(/could not be verified and does not run/)).toBeVisible();
  expect(section.queryByRole("button", { name: /^Test/ })).toBeNull();
  expect(section.getByRole("button", { name: /^Remove/ })).toBeEnabled();
});

test("a hook that runs meanwhile shows it", async () => {
  const { section } = await open(() => {
    fake.data.hooks = [{ id: "1", event: "refreshed", command: "/bin/true", last_run: null }];
  });
  expect(await section.findByText("Never run")).toBeVisible();
  fake.data.hooks = [{ ...fake.data.hooks[0]!, last_run: { at: new Date().toISOString(), failure: null } }];
  fake.tell({ kind: "activity" });
  expect(await section.findByText(/: succeeded$/)).toBeVisible();
});
