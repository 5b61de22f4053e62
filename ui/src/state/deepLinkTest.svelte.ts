// Whether deep links open this program. Tested once before the first sign-in that needs it.

import { asTrouble, host, type Trouble } from "../host";

type TestState = "untested" | "testing" | "works" | "fails" | "waived";

class DeepLinkTest {
  state = $state<TestState>("untested");
  /** Why the test failed. */
  trouble = $state.raw<Trouble | null>(null);

  /** Whether a sign-in may use it: the test passed, or the person chose to continue. */
  isUsable = $derived(this.state === "works" || this.state === "waived");

  /** Runs the test. Returns whether it passed. */
  test = async (): Promise<boolean> => {
    if (this.state === "testing") return false;
    this.state = "testing";
    this.trouble = null;
    try {
      await host.testDeepLink();
      this.state = "works";
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      this.state = "fails";
    }
    return this.state === "works";
  };

  /** Continues although the test failed. */
  waive = (): void => {
    this.state = "waived";
  };

  /** Resets to the untested state. */
  reset = (): void => {
    this.state = "untested";
    this.trouble = null;
  };
}

export const deepLinkTest = new DeepLinkTest();
