// The connection that the person has just signed in to, until they leave its page.

class SignedIn {
  connection = $state<string | null>(null);
}

export const signedIn = new SignedIn();
