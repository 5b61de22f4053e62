// The teams, read when they are first shown and after each event of them.

import { asTrouble, host, type Team, type Trouble } from "../host";

class Teams {
  /** Null until they were read. */
  list = $state.raw<Team[] | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  #last = 0;

  /** Reads the teams; an older answer never replaces a newer one. */
  read = async (): Promise<void> => {
    const call = (this.#last += 1);
    try {
      const list = await host.teams();
      if (call === this.#last) [this.list, this.trouble] = [list, null];
    } catch (thrown) {
      if (call === this.#last) this.trouble = asTrouble(thrown);
    }
  };

  /** Shows a team as it is after an action. */
  put(team: Team): void {
    this.#last += 1;
    const others = (this.list ?? []).filter(({ id }) => id !== team.id);
    this.list = this.list?.some(({ id }) => id === team.id)
      ? this.list.map((one) => (one.id === team.id ? team : one))
      : [...others, team];
  }

  drop(id: string): void {
    this.#last += 1;
    this.list = (this.list ?? []).filter((team) => team.id !== id);
  }
}

export const teams = new Teams();
