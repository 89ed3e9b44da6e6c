import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedWhere } from './client-words.ts';

test('a program is called what a person calls it, and one that nobody knows by its name', () => {
  assert.equal(askedWhere('raycast'), 'in Raycast');
  assert.equal(askedWhere('cli'), 'in a terminal');
  assert.equal(askedWhere('my-script'), 'by my-script');
  assert.equal(askedWhere('constructor'), 'by constructor');
});
