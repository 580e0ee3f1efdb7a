/**
 * A stretch of a message's text; with `href`, a link; with `mention`, the username of somebody whom it names.
 */
export interface Segment {
  text: string;
  href?: string;
  /** Where the link leads, if its text may say something else. */
  host?: string;
  mention?: string;
  /** Classes of the style that marks around it give it. */
  style?: string;
}
