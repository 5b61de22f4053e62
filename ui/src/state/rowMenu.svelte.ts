// The menu of a row of the list, at the pointer or below the row: it is the menu of the page that the row leads to.

import { router, type Route } from "./router.svelte";

/** Where a menu opens, and what gets the focus back. */
export type MenuPlace = { from: HTMLElement; x: number; y: number };

class RowMenu {
  /** Until the page has opened its menu. */
  wanted = $state.raw<(MenuPlace & { route: Route }) | null>(null);

  open = (route: Route, place: MenuPlace): void => {
    router.go(route);
    this.wanted = router.route === route ? { ...place, route } : null;
  };
}

export const rowMenu = new RowMenu();
