/** At both moments of each step. */
import { testKills } from '../recovery/support/roll-back-model-kills.ts';

await testKills('rollBackModel survives a kill before and after each of its steps', ['before', 'afterEffect']);
