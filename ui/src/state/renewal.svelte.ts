// The app whose client is to be registered anew: a dialog on its page asks for that.

import { router } from "./router.svelte";

class Renewal {
  app = $state<string | null>(null);

  /** Asks on the app's page. */
  ask = (app: string): void => {
    this.app = app;
    router.go({ page: "app", app });
  };
}

export const renewal = new Renewal();
