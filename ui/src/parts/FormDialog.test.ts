import { fireEvent, render } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { createRawSnippet } from "svelte";
import { afterEach, expect, test, vi } from "vitest";
import { trouble } from "../fake/data";
import { Action } from "../state/action.svelte";
import { appStore } from "../state/appStore.svelte";
import { Call } from "../state/call.svelte";
import { router } from "../state/router.svelte";
import { fake, screen, waitFor } from "../test/start";
import FormDialog from "./FormDialog.svelte";

const children = createRawSnippet(() => ({
  render: () => `<div><input aria-label="Name" /><input aria-label="URL" /></div>`,
}));

function open(props: { act?: Action; submit?: () => Promise<boolean>; unsaved?: () => boolean } = {}) {
  const close = vi.fn();
  const submit = vi.fn(props.submit ?? (() => Promise.resolve(true)));
  const { unmount } = render(FormDialog, {
    title: "Edit Harbour",
    act: new Action(),
    action: "Save",
    doing: "Saving…",
    close,
    children,
    ...props,
    submit,
  });
  const dialog = screen.getByRole<HTMLDialogElement>("dialog", { name: "Edit Harbour" });
  return { close, submit, unmount, dialog, user: userEvent.setup() };
}
const button = (name: string) => screen.getByRole("button", { name });

/** As the engine does. */
function escape(dialog: HTMLDialogElement) {
  if (dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close();
}

afterEach(() => {
  router.leaving = null;
  appStore.notices = [];
});

test("it opens with the focus in its first field", () => {
  open();
  expect(screen.getByLabelText("Name")).toHaveFocus();
});

test.each([
  ["Cancel", async ({ user }: ReturnType<typeof open>) => user.click(button("Cancel"))],
  ["Escape", ({ dialog }: ReturnType<typeof open>) => escape(dialog)],
  ["a submit that is done", async ({ user }: ReturnType<typeof open>) => user.click(button("Save"))],
])("%s closes it, once", async (_, end) => {
  const opened = open();
  await end(opened);
  await waitFor(() => expect(opened.close).toHaveBeenCalledOnce());
  expect(opened.dialog.open).toBe(false);
  opened.unmount();
  expect(opened.close).toHaveBeenCalledOnce();
});

test("Escape asks if something would be lost, and Cancel does not", async () => {
  const { dialog, close, user } = open({ unsaved: () => true });
  escape(dialog);
  expect(close).not.toHaveBeenCalled();
  router.agree();
  await waitFor(() => expect(close).toHaveBeenCalledOnce());
  dialog.showModal();
  await user.click(button("Cancel"));
  expect(router.leaving).toBeNull();
  expect(close).toHaveBeenCalledTimes(2);
});

test("its page is not left without the question either, until it is closed", () => {
  const { unmount } = open({ unsaved: () => true });
  router.go({ page: "activity" });
  expect(router.leaving).not.toBeNull();
  router.leaving = null;
  unmount();
  router.go({ page: "activity" });
  expect(router.leaving).toBeNull();
});

test("a refusal leaves it open, and the field that is wrong has the focus", async () => {
  const submit = () => {
    screen.getByLabelText("URL").setAttribute("aria-invalid", "true");
    return Promise.resolve(false);
  };
  const { dialog, close, user } = open({ submit });
  await user.keyboard("{Enter}");
  await waitFor(() => expect(screen.getByLabelText("URL")).toHaveFocus());
  expect(dialog.open).toBe(true);
  expect(close).not.toHaveBeenCalled();
});

test("while it is busy it says so, and is not submitted again", async () => {
  const act = new Action();
  const { submit, dialog } = open({ act, submit: () => act.run(() => new Promise(() => undefined)) });
  const form = dialog.querySelector("form") as HTMLFormElement;
  await fireEvent.submit(form);
  await fireEvent.submit(form);
  expect(submit).toHaveBeenCalledOnce();
  expect(button("Save")).toBeDisabled();
  expect(await screen.findByText("Saving…")).toBeVisible();
  // It goes on when the dialog is closed.
  expect(button("Close")).toBeVisible();
});

test.each(["Cancel", "its page"])("a call that waits is cancelled with %s", async (by) => {
  fake.use("some");
  const act = new Call();
  const { user, unmount } = open({ act, submit: () => act.start(() => new Promise(() => undefined)) });
  await user.keyboard("{Enter}");
  if (by === "Cancel") await user.click(button("Cancel"));
  else unmount();
  await waitFor(() => expect(fake.called("cancel")).toHaveLength(1));
});

test("what fails after it was closed is a notice", async () => {
  const act = new Action();
  let fail: (error: unknown) => void = () => undefined;
  const { user, unmount } = open({ act, submit: () => act.run(() => new Promise((_, reject) => (fail = reject))) });
  await user.keyboard("{Enter}");
  await user.click(button("Cancel"));
  unmount();
  fail(trouble("not_found", "It does not exist any more."));
  await waitFor(() => expect(appStore.notices).toHaveLength(1));
  expect(appStore.notices[0]).toMatchObject({ trouble: { message: "It does not exist any more." } });
});
