// Text that strangers might give a torrent, to try what draws it with.

import fc from 'fast-check';

/** Any text, and much of what terminals trip over. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'a',
          ' ',
          '\u001b[31m',
          '\u009b',
          '\u0007',
          '\u202e',
          '\u200b',
          '\u200d',
          '\ufe0f',
          '\u0301',
          'é',
          '日',
          '한',
        ],
        ...[
          '🦀',
          '👩‍👩‍👧',
          '👍🏽',
          '🇩🇪',
          '❤️',
          'ا',
          'ש',
          'ﷺ',
          '\ud800',
          '\u1160',
          'ᄀ',
          'ᆨ',
          '\u{e0041}',
          '\n',
          '\t',
          '☺',
          '…',
        ],
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
);
