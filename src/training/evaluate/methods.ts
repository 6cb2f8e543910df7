/** What is compared: the paper's methods, ours, and maps that look at nothing. */

export const METHODS = ['random', 'all-ones', 'centre', 'avc', 'multi-task', 'cam', 'ours', 'paper'] as const;

/**
 * - `random`: a random number a cell; `all-ones`: the whole picture; `centre`: a Gaussian in its middle.
 * - `avc`: Grad-CAM of the match of sound and picture, which knows no classes.
 * - `multi-task`: class activation maps of the first stage's network; `cam`: those of the network evaluated.
 * - `ours`: the map that the product shows, of the calibration's fixed meaning.
 * - `paper`: similarity K alone (eq. 8), stretched to 0..1.
 */
export type Method = (typeof METHODS)[number];

/** One line of the tables. */
export interface Row {
  id: string;
  method: Method;
  /**
   * False: the sounding classes are given, as in eq. 9. True: a class that the model does not hear has no map, as in
   * the product.
   */
  gated: boolean;
  label: string;
}

const LABELS: Record<Method, string> = {
  random: 'random map',
  'all-ones': 'all ones',
  centre: 'centred Gaussian',
  avc: 'AVC (Grad-CAM of the match)',
  'multi-task': 'multi-task (first stage)',
  cam: 'CAM',
  ours: 'ours',
  paper: 'paper (K alone)',
};

const GATED: ReadonlySet<Method> = new Set(['cam', 'ours', 'paper']);

/** The rows of the chosen methods, in the order of {@link METHODS}; those that a gate changes appear twice. */
export function rowsOf(methods: readonly Method[]): Row[] {
  const chosen = METHODS.filter((method) => methods.includes(method));
  const given = chosen.map((method) => ({ id: method, method, gated: false, label: LABELS[method] }));
  const gated = chosen
    .filter((method) => GATED.has(method))
    .map((method) => ({
      id: `${method}-gated`,
      method,
      gated: true,
      label: `${LABELS[method]}, gated`,
    }));
  return [...given, ...gated];
}
