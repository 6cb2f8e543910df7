/** Which streams a subscriber may know of. The others do not exist for it: not in `hello`, not by name, not by `*`. */

export interface Sight {
  sees(streamId: string): boolean;
  /** Whose connections are counted together; left out where nobody is told apart. */
  readonly holder?: string;
}

export const SEES_ALL: Sight = { sees: () => true };
