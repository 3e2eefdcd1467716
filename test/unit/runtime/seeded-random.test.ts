import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfigurationHost } from "../../../src/runtime/config-host.ts";
import { integersOf, seededRandom } from "../../../src/runtime/seeded-random.ts";

const COUNT = 10_000;

test("a seed gives the same numbers again, another one others", () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 5 }, seededRandom(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.deepEqual(draw(0).length, new Set(draw(0)).size);
});

test("numbers are fractions, spread evenly", () => {
  const random = seededRandom(4_294_967_295);
  const numbers = Array.from({ length: COUNT }, random);
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / COUNT;
  // The standard error of the mean is 0.003.
  assert.ok(Math.abs(mean - 0.5) < 0.02, `${mean}`);
});

test("whole numbers reach both ends", () => {
  const draw = integersOf(seededRandom(1));
  const numbers = new Set(Array.from({ length: COUNT }, () => draw(3, 6)));
  assert.deepEqual([...numbers].sort(), [3, 4, 5, 6]);
});

test("a seeded host answers as another one with the same seed", () => {
  const draw = (seed: number): readonly number[] => {
    const host = createConfigurationHost(null, seed);
    return Array.from({ length: 5 }, () => host.randomInteger(0, 32_767));
  };
  assert.deepEqual(draw(42), draw(42));
  assert.notDeepEqual(draw(42), draw(43));
});
