/**
 * SASLprep (RFC 4013) for SCRAM passwords, as PostgreSQL applies it (`pg_saslprep`, common/saslprep.c): a
 * password that is all ASCII is left alone, and one that SASLprep prohibits is used as it is. So nothing is
 * ever refused here.
 *
 * Non-goal: the table of code points unassigned in Unicode 3.2 (RFC 3454 A.1). PostgreSQL falls back to the
 * raw password for these and this normalises, which differs only where a password mixes a character younger
 * than 2002 with one that NFKC changes.
 */

/** RFC 3454 B.1, commonly mapped to nothing. */
const MAPPED_TO_NOTHING =
  /\u{34F}|[\u{180B}-\u{180D}]|[\u{FE00}-\u{FE0F}]|[\u{AD}\u{1806}\u{200B}-\u{200D}\u{2060}\u{FEFF}]/gu;

/** RFC 3454 C.1.2, spaces that are not ASCII. U+200B is in both tables; PostgreSQL maps it to a space. */
const OTHER_SPACE = /[\u{A0}\u{1680}\u{2000}-\u{200B}\u{202F}\u{205F}\u{3000}]/gu;

/** RFC 3454 C.2.1, C.2.2, C.3 (private use), C.4 (non-characters), C.5 (surrogates), C.6 to C.9. */
const PROHIBITED = new RegExp(
  '[\\u{0}-\\u{1F}\\u{7F}-\\u{9F}\\u{6DD}\\u{70F}\\u{180E}\\u{200C}-\\u{200F}\\u{2028}-\\u{202E}' +
    '\\u{2060}-\\u{2063}\\u{206A}-\\u{206F}\\u{FEFF}\\u{FFF9}-\\u{FFFD}\\u{1D173}-\\u{1D17A}' +
    '\\u{2FF0}-\\u{2FFB}\\u{340}\\u{341}\\u{E0001}\\u{E0020}-\\u{E007F}' +
    '\\p{Co}\\p{Cs}\\p{Noncharacter_Code_Point}]',
  'u',
);

/** RFC 3454 D.1, right-to-left. */
const RIGHT_TO_LEFT =
  '\\u{5BE}\\u{5C0}\\u{5C3}\\u{5D0}-\\u{5EA}\\u{5F0}-\\u{5F4}\\u{61B}\\u{61F}' +
  '\\u{621}-\\u{63A}\\u{640}-\\u{64A}\\u{66D}-\\u{66F}\\u{671}-\\u{6D5}\\u{6DD}\\u{6E5}\\u{6E6}\\u{6FA}-\\u{6FE}\\u{700}-\\u{70D}\\u{710}' +
  '\\u{712}-\\u{72C}\\u{780}-\\u{7A5}\\u{7B1}\\u{200F}\\u{FB1D}\\u{FB1F}-\\u{FB28}\\u{FB2A}-\\u{FB36}' +
  '\\u{FB38}-\\u{FB3C}\\u{FB3E}\\u{FB40}\\u{FB41}\\u{FB43}\\u{FB44}\\u{FB46}-\\u{FBB1}\\u{FBD3}-\\u{FD3D}' +
  '\\u{FD50}-\\u{FD8F}\\u{FD92}-\\u{FDC7}\\u{FDF0}-\\u{FDFC}\\u{FE70}-\\u{FE74}\\u{FE76}-\\u{FEFC}';
const ANY_RIGHT_TO_LEFT = new RegExp(`[${RIGHT_TO_LEFT}]`, 'u');
const ENDS_RIGHT_TO_LEFT = new RegExp(`^[${RIGHT_TO_LEFT}](?:.*[${RIGHT_TO_LEFT}])?$`, 'su');
/** Letters stand for RFC 3454 D.2, left-to-right. */
const LEFT_TO_RIGHT = new RegExp(`(?![${RIGHT_TO_LEFT}])\\p{L}`, 'u');

const ALL_ASCII = /^[\0-\x7f]*$/;

/** The password as both sides of SCRAM key it. Never throws. */
export function saslprep(password: string): string {
  if (ALL_ASCII.test(password)) return password;
  const mapped = password.replaceAll(OTHER_SPACE, ' ').replaceAll(MAPPED_TO_NOTHING, '');
  // What is looked at is the text before NFKC: not the RFC's order, but PostgreSQL's, whose key this must
  // equal.
  if (mapped === '' || PROHIBITED.test(mapped)) return password;
  if (ANY_RIGHT_TO_LEFT.test(mapped)) {
    // RFC 3454 section 6: no mixture, and both ends right-to-left.
    if (LEFT_TO_RIGHT.test(mapped) || !ENDS_RIGHT_TO_LEFT.test(mapped)) return password;
  }
  return mapped.normalize('NFKC');
}
