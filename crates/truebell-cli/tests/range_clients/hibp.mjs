// npm `hibp`: its own functions against the address in argv[2].
import assert from 'node:assert/strict';
import { pwnedPassword, pwnedPasswordRange } from 'hibp';

const baseUrl = process.argv[2];
for (const addPadding of [false, true]) {
  assert.equal(await pwnedPassword('password', { baseUrl, addPadding }), 3);
  assert.equal(await pwnedPassword('correct horse battery staple', { baseUrl, addPadding }), 0);
}
const range = await pwnedPasswordRange('5BAA6', { baseUrl });
assert.equal(range['1E4C9B93F3F0682250B6CF8331B7EE68FD8'], 3);
const ntlm = await pwnedPasswordRange('8846F', { baseUrl, mode: 'ntlm' });
assert.equal(ntlm['7EAEE8FB117AD06BDD830B7586C'], 3);
await assert.rejects(pwnedPasswordRange('ZZZZZ', { baseUrl }), /hash prefix/);
console.log('passed');
