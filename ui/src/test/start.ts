// Starts the whole window with the fake host, in one of its scenarios.

import { render, screen, within } from "@testing-library/svelte";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { waitFor } from "@testing-library/svelte";
import { expect } from "vitest";
import App from "../App.svelte";
import { fake } from "../fake/fake";
import { signInAction } from "../state/signIn.svelte";
import { palette } from "../state/palette.svelte";
import { selection } from "../state/selection.svelte";
import { dropDrafts } from "../state/drafts";
import { removals } from "../state/removals.svelte";
import { bulk } from "../state/bulk.svelte";
import { sidebar } from "../state/sidebar.svelte";
import { router } from "../state/router.svelte";
import { shortcutList } from "../state/shortcuts.svelte";
import { projectLists } from "../state/projects.svelte";
import { postLists } from "../state/postListState.svelte";
import { collections } from "../state/collections.svelte";
import { requestPages } from "../state/requestPage.svelte";
import { deepLinkTest } from "../state/deepLinkTest.svelte";
import { appStore } from "../state/appStore.svelte";

export async function start(scenario: string, tell?: () => void): Promise<UserEvent> {
  for (const id of appStore.details.keys()) {
    projectLists.drop(id);
    postLists.drop(id);
    collections.drop(id);
    requestPages.drop(id);
  }
  appStore.details.clear();
  appStore.notices = [];
  deepLinkTest.reset();
  palette.open = false;
  shortcutList.open = false;
  sidebar.reset();
  for (const { id } of removals.pending) removals.undo(id);
  selection.clear();
  bulk.reset();
  for (const { id } of appStore.apps) signInAction(id).trouble = null;
  appStore.phase = "opening";
  dropDrafts();
  router.agree();
  router.go({ page: "home" });
  fake.use(scenario);
  tell?.();
  render(App);
  if (!["opening"].includes(scenario)) await waitFor(() => screen.getByRole("heading", { level: 1 }));
  await waitFor(() => expect(appStore.partial).toBe(false));
  return userEvent.setup();
}

export const press = async (user: UserEvent, name: string | RegExp): Promise<void> =>
  user.click(await screen.findByRole("button", { name }));
export const row = async (user: UserEvent, name: string): Promise<void> =>
  user.click(await screen.findByRole("button", { name: new RegExp(`^${name}`) }));

/** Opens a step of adding an app. */
export const step = async (user: UserEvent, name: string): Promise<void> =>
  user.click(
    within(await screen.findByRole("navigation", { name: "Steps" })).getByRole("button", {
      name: new RegExp(`^${name}`),
    }),
  );

/** Opens the menu of a connection by keyboard and chooses an item. Without layout the menu counts as hidden. */
export async function choose(user: UserEvent, item: string): Promise<void> {
  (await screen.findByRole("button", { name: "More actions" })).focus();
  await user.keyboard("{Enter}");
  (await screen.findByText(item, { selector: "[role=menuitem]" })).focus();
  await user.keyboard("{Enter}");
}

export { fake, screen, waitFor, appStore };
