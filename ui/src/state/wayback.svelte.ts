// Whether a deep link comes back to this program: tried before the first sign-in that relies on it, and known while the window is open.

import { asTrouble, host, type Trouble } from "../host";

type Stand = "untried" | "trying" | "came" | "lost" | "waived";

class DeepLink {
  stand = $state<Stand>("untried");
  /** Why it did not come back. */
  trouble = $state.raw<Trouble | null>(null);

  /** Whether a sign-in may rely on it: it came back, or the person goes on all the same. */
  settled = $derived(this.stand === "came" || this.stand === "waived");

  /** Tries it; tells whether it came back. */
  test = async (): Promise<boolean> => {
    if (this.stand === "trying") return false;
    this.stand = "trying";
    this.trouble = null;
    try {
      await host.testDeepLink();
      this.stand = "came";
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      this.stand = "lost";
    }
    return this.stand === "came";
  };

  /** Goes on without it. */
  waive = (): void => {
    this.stand = "waived";
  };

  /** As before anything was tried. */
  forget = (): void => {
    this.stand = "untried";
    this.trouble = null;
  };
}

export const deepLink = new DeepLink();
