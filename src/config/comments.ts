const QUOTE = 34;
const HASH = 35;
const BANG = 33;
const BACKSLASH = 92;

/** Where the used part of a line ends, and what was odd about it. */
export interface CommentScan {
  /** Index of the first character of the comment, or the length. */
  readonly end: number;
  readonly hasOddQuotes: boolean;
  readonly hasEscapedComment: boolean;
}

const SPECIAL = /["#!]/;

/**
 * Finds the comment of a line: `#` or `!` anywhere outside double quotes.
 * An escaped `\#` is a comment all the same: keepalived's subsystems strip the text a second time.
 */
export function scanComment(text: string): CommentScan {
  if (!SPECIAL.test(text)) return { end: text.length, hasOddQuotes: false, hasEscapedComment: false };
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === QUOTE) isQuoted = !isQuoted;
    else if (!isQuoted && (character === HASH || character === BANG)) {
      const hasEscapedComment = i > 0 && text.charCodeAt(i - 1) === BACKSLASH;
      return { end: hasEscapedComment ? i - 1 : i, hasOddQuotes: false, hasEscapedComment };
    }
  }
  return { end: text.length, hasOddQuotes: isQuoted, hasEscapedComment: false };
}
