/** At both moments of each step. */
import { after } from 'node:test';
import { learnSteps } from '../recovery/support/kill-scenario.ts';
import { testChangeKills } from '../recovery/support/release-change-kills.ts';

const scenario = await learnSteps();
after(() => scenario.stack.stop());

testChangeKills(scenario, 'releaseChange survives a kill before and after each of its steps', ['before', 'afterEffect']);
