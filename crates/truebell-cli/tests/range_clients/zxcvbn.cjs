// npm `@zxcvbn-ts/matcher-pwned`: a strength meter that asks the address in argv[2].
const assert = require('node:assert/strict');
const { zxcvbnAsync, zxcvbnOptions } = require('@zxcvbn-ts/core');
const { matcherPwnedFactory } = require('@zxcvbn-ts/matcher-pwned');

const asked = [];
const watched = (url, options) => {
  asked.push([url, options.headers['Add-Padding']]);
  return fetch(url, options);
};
const url = `${process.argv[2]}/range/`;
zxcvbnOptions.addMatcher('pwned', matcherPwnedFactory(watched, zxcvbnOptions, { url }));

(async () => {
  const exposed = await zxcvbnAsync('Tr0ub4dour&3 liverpool');
  assert.ok(exposed.sequence.some((match) => match.pattern === 'pwned'), JSON.stringify(exposed.sequence));
  assert.equal(exposed.score, 0);
  const clean = await zxcvbnAsync('Tr0ub4dour&3 manchester');
  assert.ok(clean.sequence.every((match) => match.pattern !== 'pwned'));
  assert.ok(clean.score >= 3);
  assert.ok(asked.length >= 2 && asked.every(([address, padding]) => address.startsWith(url) && padding === 'true'));
  console.log('passed');
})();
