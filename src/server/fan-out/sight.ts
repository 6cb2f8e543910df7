/** Which streams a subscriber may know of. The others do not exist for it: not in `hello`, not by name, not by `*`. */

export interface Sight {
  sees(streamId: string): boolean;
}

export const SEES_ALL: Sight = { sees: () => true };
