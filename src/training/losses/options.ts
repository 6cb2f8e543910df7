/** What is weighed how in the losses, and the forms in which the paper and its two releases give them. */

/** Weights of zero leave a term out of the graph. */
export interface LossOptions {
  /**
   * Weight of eq. 1 in both branches; all sources: 1. It is a mean over classes, so with many classes it is small
   * beside the located terms, which are not.
   */
  classification: number;
  /** Weight of the correspondence loss (eq. 2) in stage 1; all sources: 1 (eq. 3's lambda). */
  correspondence: number;
  /**
   * Weight of the located term on class maps: cells that an object covers must say its class and no others must.
   * Not in the paper, which has image-level labels only: composed scenes know better, and two cores cannot afford to
   * learn from labels what the scene could simply say. Only examples with `located` count.
   */
  locatedMaps: number;
  /**
   * Weight of which class a covered cell is of, the classes competing. Not in the paper. `locatedMaps` judges each
   * class by itself over cells that mostly show nothing, and learns slowly what tells one class from another.
   */
  locatedClasses: number;
  /** Eq. 7's form: see `contrastiveLoss`. */
  contrastive: { weight: number; form: 'paper' | 'original' | 'simplified'; margin: number };
  /**
   * Which pairs must differ. `all` (paper): all but the same class of the same example; `other-class`: those of
   * other classes alone, since where pictures and sounds are paired at random within a class, the same class of
   * another example is no worse a match (measured in the prototype: pointing .56 against .51).
   */
  negatives: 'all' | 'other-class';
  /** Weight of "a class's sound is far from the cells where its class map is low": without it plain background fits anything. */
  background: number;
  /** Weight of "near where the class map is high", each cell by its share: for examples without known places. */
  dense: number;
  /**
   * Weight of the located term on similarity maps: near exactly where an object of a *heard* class is. It makes the
   * map of a silent, absent or off-screen class cold everywhere. Only examples with `located` count.
   */
  locatedSimilarity: number;
  /** A hard example counts by |truth - prediction| to this power in the located terms (Li et al. 2020, eq. 4). */
  focus: number;
}

export const defaultLosses: LossOptions = {
  classification: 1,
  correspondence: 1,
  locatedMaps: 1,
  locatedClasses: 1,
  contrastive: { weight: 1, form: 'simplified', margin: 1.4 },
  negatives: 'other-class',
  background: 1,
  dense: 1,
  locatedSimilarity: 1,
  focus: 2,
};

/** The paper as its simplified code has it: image-level labels, no term of ours. */
export const paperLosses: LossOptions = {
  ...defaultLosses,
  locatedMaps: 0,
  locatedClasses: 0,
  negatives: 'all',
  background: 0,
  dense: 0,
  locatedSimilarity: 0,
};
