/** At both moments of each step: some seventy kills. */
import { testKills } from '../recovery/support/release-model-kills.ts';

await testKills('releaseModel survives a kill before and after each of its steps', ['before', 'afterEffect']);
