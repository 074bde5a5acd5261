import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainingCommand } from '../../../activities/azure-ml/training-command.ts';

const template = 'node train.ts --data ${{inputs.data}} --location {location} --column {column} $[[--production ${{inputs.production_model}}]] --output ${{outputs.model}}';

void test('the sensor is filled in, quoted where the shell needs it; Azure ML\'s own expressions stay', () => {
  assert.equal(
    trainingCommand(template, { location: 'New York', column: 'wind' }, true),
    "node train.ts --data ${{inputs.data}} --location 'New York' --column wind --production ${{inputs.production_model}} --output ${{outputs.model}}",
  );
});

void test('without a model in production the optional part is left out', () => {
  assert.equal(trainingCommand(template, { location: 'Seattle', column: 'wind' }, false), 'node train.ts --data ${{inputs.data}} --location Seattle --column wind --output ${{outputs.model}}');
});

void test('a value cannot leave its quotes', () => {
  assert.equal(trainingCommand('echo {location}', { location: "x'; rm -rf /; '" }, false), "echo 'x'\\''; rm -rf /; '\\'''");
});
